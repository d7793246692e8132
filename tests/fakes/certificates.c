/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HOUR_S INT64_C(3600)
#define PATH_BYTES 300

/* The file of a certificate or a key: FOLDER/NAME and what follows. */
struct path {
	char text[PATH_BYTES];
};

static void must(bool condition, const char *what, const char *name)
{
	if (!condition) {
		fprintf(stderr, "certificates: %s of %s failed\n", what, name);
		exit(EXIT_FAILURE);
	}
}

static struct path path_of(const char *folder, const char *name,
			   const char *end)
{
	struct path path;
	int len = snprintf(path.text, sizeof(path.text), "%s/%s%s", folder,
			   name, end);

	must(len > 0 && (size_t)len < sizeof(path.text), "the path", name);
	return path;
}

/* ---- one certificate --------------------------------------------------------- */

static X509 *read_certificate(const char *folder, const char *name)
{
	struct path path = path_of(folder, name, ".pem");
	FILE *file = fopen(path.text, "re");
	X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	must(certificate, "reading the certificate", name);
	fclose(file);
	return certificate;
}

static EVP_PKEY *read_key(const char *folder, const char *name)
{
	struct path path = path_of(folder, name, ".key");
	FILE *file = fopen(path.text, "re");
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL)
			     : NULL;

	must(key, "reading the key", name);
	fclose(file);
	return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid,
			  const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	must(extension && X509_add_ext(certificate, extension, -1) == 1,
	     "the extension", value);
	X509_EXTENSION_free(extension);
}

static void add_extensions(X509 *out, X509 *issuer,
			   const struct certificate *certificate)
{
	bool is_ca = certificate->usage == CERTIFICATE_CA;

	add_extension(out, issuer, NID_basic_constraints,
		      is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(out, issuer, NID_key_usage,
		      is_ca ? "critical,keyCertSign" : "critical,digitalSignature");
	if (!is_ca) {
		add_extension(out, issuer, NID_ext_key_usage,
			      certificate->usage == CERTIFICATE_CLIENT
				      ? "clientAuth"
				      : "serverAuth");
	}
	if (certificate->hosts) {
		add_extension(out, issuer, NID_subject_alt_name,
			      certificate->hosts);
	}
}

/* Fill a certificate with all but the issuer's name and signature. */
static void fill(X509 *out, EVP_PKEY *key, const struct certificate *certificate)
{
	bool given = certificate->begins_s != 0 || certificate->ends_s != 0;
	uint64_t serial = 0;

	RAND_bytes((unsigned char *)&serial, sizeof(serial));
	X509_set_version(out, X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(out), serial);
	X509_gmtime_adj(X509_getm_notBefore(out),
			given ? (long)certificate->begins_s : -HOUR_S);
	X509_gmtime_adj(X509_getm_notAfter(out),
			given ? (long)certificate->ends_s : 24 * HOUR_S);
	X509_set_pubkey(out, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(out), "CN",
				   MBSTRING_ASC,
				   (const unsigned char *)certificate->name,
				   -1, -1, 0);
}

static void sign(X509 *out, EVP_PKEY *key, const char *folder,
		 const struct certificate *certificate)
{
	const char *name = certificate->issuer;
	X509 *issuer = name ? read_certificate(folder, name) : out;
	EVP_PKEY *issuer_key = name ? read_key(folder, name) : key;

	X509_set_issuer_name(out, X509_get_subject_name(issuer));
	add_extensions(out, issuer, certificate);
	must(X509_sign(out, issuer_key, EVP_sha256()) > 0, "signing",
	     certificate->name);
	if (name) {
		X509_free(issuer);
		EVP_PKEY_free(issuer_key);
	}
}

/* ---- files ------------------------------------------------------------------- */

static FILE *open_new(const struct path *path)
{
	char name[PATH_BYTES + 4];
	FILE *file;

	snprintf(name, sizeof(name), "%s.new", path->text);
	file = fopen(name, "we");
	must(file, "opening the file", name);
	return file;
}

static void close_new(FILE *file, const struct path *path)
{
	char name[PATH_BYTES + 4];

	snprintf(name, sizeof(name), "%s.new", path->text);
	must(fclose(file) == 0 && rename(name, path->text) == 0, "writing",
	     name);
}

/* Append all of the file NAME.pem, unless it is a root. */
static void append_chain(FILE *out, const char *folder, const char *name)
{
	struct path path = path_of(folder, name, ".pem");
	X509 *issuer = read_certificate(folder, name);
	char bytes[8192];
	FILE *in = fopen(path.text, "re");

	must(in, "reading", name);
	if (X509_check_issued(issuer, issuer) != X509_V_OK) {
		size_t len = fread(bytes, 1, sizeof(bytes), in);
		must(fwrite(bytes, 1, len, out) == len, "writing", name);
	}
	fclose(in);
	X509_free(issuer);
}

static void write_key(const char *folder, EVP_PKEY *key,
		      const struct certificate *certificate)
{
	struct path path = path_of(folder, certificate->name, ".key");
	FILE *file = open_new(&path);
	const char *password = certificate->password;

	must(fchmod(fileno(file), 0600) == 0 &&
		     PEM_write_PrivateKey(
			     file, key, password ? EVP_aes_128_cbc() : NULL,
			     (const unsigned char *)password,
			     password ? (int)strlen(password) : 0, NULL,
			     NULL) == 1,
	     "writing the key", certificate->name);
	close_new(file, &path);
}

void certificate_make(const char *folder, const struct certificate *certificate)
{
	struct path path = path_of(folder, certificate->name, ".pem");
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = X509_new();

	must(key && made, "making", certificate->name);
	fill(made, key, certificate);
	sign(made, key, folder, certificate);
	write_key(folder, key, certificate);
	FILE *file = open_new(&path);
	must(PEM_write_X509(file, made) == 1, "writing", certificate->name);
	if (certificate->issuer) {
		append_chain(file, folder, certificate->issuer);
	}
	close_new(file, &path);
	X509_free(made);
	EVP_PKEY_free(key);
}

/* ---- all of them ----------------------------------------------------------------- */

#define HOSTS "DNS:localhost,DNS:cache.test,IP:127.0.0.1,IP:::1"
#define ENDED -2 * HOUR_S, -HOUR_S
#define PASSWORD "open sesame"

static const struct certificate rows[] = {
	{ "ca", NULL, NULL, CERTIFICATE_CA, 0, 0, NULL },
	{ "other-ca", NULL, NULL, CERTIFICATE_CA, 0, 0, NULL },
	{ "intermediate", "ca", NULL, CERTIFICATE_CA, 0, 0, NULL },
	{ "server", "intermediate", HOSTS, CERTIFICATE_SERVER, 0, 0, NULL },
	{ "wildcard", "ca", "DNS:*.cache.test", CERTIFICATE_SERVER, 0, 0, NULL },
	{ "unnamed", "ca", NULL, CERTIFICATE_SERVER, 0, 0, NULL },
	{ "other-name", "ca", "DNS:other.test", CERTIFICATE_SERVER, 0, 0, NULL },
	{ "expired", "ca", HOSTS, CERTIFICATE_SERVER, ENDED, NULL },
	{ "future", "ca", HOSTS, CERTIFICATE_SERVER, HOUR_S, 2 * HOUR_S, NULL },
	{ "wrong-usage", "ca", HOSTS, CERTIFICATE_CLIENT, 0, 0, NULL },
	{ "self-signed", NULL, HOSTS, CERTIFICATE_SERVER, 0, 0, NULL },
	{ "client", "ca", NULL, CERTIFICATE_CLIENT, 0, 0, NULL },
	{ "client-locked", "ca", NULL, CERTIFICATE_CLIENT, 0, 0, PASSWORD },
	{ "client-expired", "ca", NULL, CERTIFICATE_CLIENT, ENDED, NULL },
	{ "client-other", "other-ca", NULL, CERTIFICATE_CLIENT, 0, 0, NULL },
};

/* Make the folder ca.d with a copy of ca.pem, named by the hash of its subject. */
static void make_hashed(const char *folder)
{
	struct path path = path_of(folder, "ca", ".d");
	X509 *ca = read_certificate(folder, "ca");
	char name[24];

	must(mkdir(path.text, 0700) == 0, "the folder", "ca.d");
	snprintf(name, sizeof(name), "/%08lx.0", X509_subject_name_hash(ca));
	path = path_of(folder, "ca.d", name);
	FILE *file = open_new(&path);
	must(PEM_write_X509(file, ca) == 1, "writing", name);
	close_new(file, &path);
	X509_free(ca);
}

static void write_password(const char *folder)
{
	struct path path = path_of(folder, "client-locked", ".password");
	FILE *file = open_new(&path);

	must(fchmod(fileno(file), 0600) == 0 &&
		     fputs(PASSWORD "\n", file) >= 0,
	     "writing", path.text);
	close_new(file, &path);
}

void certificates_make(const char *folder)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		certificate_make(folder, &rows[i]);
	}
	make_hashed(folder);
	write_password(folder);
}
