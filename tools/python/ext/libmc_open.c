/* SPDX-License-Identifier: BSD-3-Clause */
/* Turn libmc's arguments into a client of the library. */
#include "libmc_client.h"
#include "libmc_value.h"

#include <stdio.h>
#include <string.h>

/* libmc polls up to five times for connect_timeout each (Connection.cpp, connectPoll). */
#define CONNECT_POLLS 5
/* The largest values that the config accepts. */
#define TIMEOUT_MAX_MS 3600000
#define RETRY_MAX_S 86400

/* ---- server lines -------------------------------------------------------- */

/* The parts of "host[:port][ alias]", NUL-terminated. A part that is absent is NULL. */
struct server_line {
	char *text; /* owned; the parts point into it */
	char *host;
	char *port;
	char *alias;
};

/* Return the end of a word: the next space that no backslash escapes, or the NUL. */
static char *find_space(char *at)
{
	bool escaped = false;

	for (; *at; at++) {
		if (*at == ' ' && !escaped) {
			return at;
		}
		escaped = *at == '\\' && !escaped;
	}
	return at;
}

/* Cut the word that begins at *at off by a NUL. *at becomes the begin of the next word. */
static char *cut_word(char **at)
{
	char *word = *at + strspn(*at, " ");
	char *end = find_space(word);

	*at = end;
	if (*end) {
		*end = '\0';
		*at = end + 1;
	}
	return word;
}

/* Copy the text of a line. NULL with an exception set. */
static char *copy_line(PyObject *server)
{
	const char *text = text_argument(server, "a server");
	char *copy = text ? PyMem_Malloc(strlen(text) + 1) : NULL;

	if (!copy) {
		if (text) {
			PyErr_NoMemory();
		}
		return NULL;
	}
	memcpy(copy, text, strlen(text) + 1);
	return copy;
}

/*
 * Split a line into its parts as libmc does: text after a second colon, or after a second word,
 * is ignored. libmc takes a second space in a row, and a space at the end, for an empty alias;
 * here spaces around words do not count. Two forms are known that libmc cannot read:
 * "[::1]:11211", and "unix:/path". Returns false with an exception set.
 */
static bool server_line_init(struct server_line *out, PyObject *server)
{
	*out = (struct server_line){ .text = copy_line(server) };
	if (!out->text) {
		return false;
	}
	char *at = out->text;
	out->host = cut_word(&at);
	out->alias = cut_word(&at);
	if (!*out->alias) {
		out->alias = NULL;
	}
	if (strncmp(out->host, "unix:/", 6) == 0) {
		out->host += 5;
	}
	char *bracket = *out->host == '[' ? strchr(out->host, ']') : NULL;
	char *colon = strchr(bracket ? bracket : out->host, ':');
	if (colon) {
		*colon = '\0';
		out->port = colon + 1;
		colon = strchr(out->port, ':');
		if (colon) {
			*colon = '\0';
		}
	}
	return true;
}

static void server_line_fini(struct server_line *line)
{
	PyMem_Free(line->text);
}

/* Return the port of a line, 11211 when it has none. Returns -1 with an exception set. */
static long server_port(const struct server_line *line)
{
	if (!line->port) {
		return TENON_DEFAULT_PORT;
	}
	PyObject *text = PyBytes_FromString(line->port);
	PyObject *number = text ? PyNumber_Long(text) : NULL;
	long port = number ? PyLong_AsLong(number) : -1;

	Py_XDECREF(text);
	Py_XDECREF(number);
	if (port < 0 && !PyErr_Occurred()) {
		PyErr_Format(PyExc_ValueError,
			     "port '%s' of server '%s', expected 0 or more",
			     line->port, line->host);
	}
	return port;
}

/* Return the address in the library's form, as bytes. NULL with an exception set. */
static PyObject *server_address(const struct server_line *line)
{
	long port = server_port(line);

	if (port < 0) {
		return NULL;
	}
	return line->host[0] == '/' ? PyBytes_FromString(line->host) :
		PyBytes_FromFormat("%s:%ld", line->host, port);
}

/*
 * Return the bytes that libmc hashes for the ring: the alias; without an alias, "host:port", or
 * the host alone when the port is 11211. NULL with an exception set.
 */
static PyObject *server_identity(const struct server_line *line)
{
	long port = server_port(line);

	if (port < 0) {
		return NULL;
	}
	if (line->alias) {
		return PyBytes_FromString(line->alias);
	}
	return port == TENON_DEFAULT_PORT ? PyBytes_FromString(line->host) :
		PyBytes_FromFormat("%s:%ld", line->host, port);
}

PyObject *libmc_server_name(struct libmc_client *self, size_t index)
{
	struct server_line line = { .text = NULL };
	PyObject *server = PyList_GetItem(self->servers, (Py_ssize_t)index);
	PyObject *name = NULL;

	if (server && server_line_init(&line, server)) {
		PyObject *bytes = line.alias ? PyBytes_FromString(line.alias) :
					       server_address(&line);

		if (bytes) {
			name = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(bytes),
				PyBytes_GET_SIZE(bytes), NULL);
			Py_DECREF(bytes);
		}
	}
	server_line_fini(&line);
	return name;
}

/* Return the list of make(line) for each server line. NULL with an exception set. */
static PyObject *each_server(PyObject *servers,
			     PyObject *(*make)(const struct server_line *line))
{
	Py_ssize_t count = PyList_GET_SIZE(servers);
	PyObject *list = PyList_New(count);

	for (Py_ssize_t i = 0; list && i < count; i++) {
		struct server_line line;
		PyObject *item = NULL;

		if (i < PyList_GET_SIZE(servers) &&
		    server_line_init(&line, PyList_GET_ITEM(servers, i))) {
			item = make(&line);
			server_line_fini(&line);
		}
		if (!item) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, i, item);
	}
	return list;
}

/* ---- opening ------------------------------------------------------------- */

static int clamp(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

/* Return the prefix as a quoted YAML scalar. */
static PyObject *quoted(PyObject *prefix)
{
	PyObject *text = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(prefix),
					      PyBytes_GET_SIZE(prefix), NULL);
	PyObject *slashes = text ? PyObject_CallMethod(text, "replace", "ss",
						       "\\", "\\\\") : NULL;
	PyObject *quotes = slashes ? PyObject_CallMethod(slashes, "replace",
						"ss", "\"", "\\\"") : NULL;
	PyObject *yaml = quotes ? PyUnicode_FromFormat("\"%U\"", quotes) : NULL;

	Py_XDECREF(text);
	Py_XDECREF(slashes);
	Py_XDECREF(quotes);
	return yaml;
}

static int set_number(struct tenon_config *config, const char *key, int number,
		      struct tenon_error *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	return tenon_config_set(config, key, text, err);
}

static int set_settings(const struct libmc_client *self,
			struct tenon_config *config, struct tenon_error *err)
{
	static const char *const hashes[] = {
		[LIBMC_HASH_MD5] = "md5",
		[LIBMC_HASH_FNV1_32] = "fnv1_32",
		[LIBMC_HASH_FNV1A_32] = "fnv1a_32",
		[LIBMC_HASH_CRC_32] = "crc32",
	};
	const char *const settings[][2] = {
		{ "hash_function", hashes[clamp(self->hash, 0, 3)] },
		{ "codecs", self->do_split ? "[split]" : "none" },
		{ "failover", self->failover ? "eject" : "none" },
		{ "transport", LIBMC_TRANSPORT },
		{ "max_value_bytes", "1GiB" },
		/* The server refuses values that are too large, as with libmc. */
		{ "item_max", "1GiB" },
		{ "enable_flush_all", "yes" },
		{ "user_flags", "4294967295" },
	};
	int code = 0;

	for (size_t i = 0; !code && i < sizeof(settings) / sizeof(*settings);
	     i++) {
		code = tenon_config_set(config, settings[i][0], settings[i][1],
					err);
	}
	if (!code) {
		code = set_number(config, "poll_timeout",
				  self->poll_timeout_ms < 0 ? TIMEOUT_MAX_MS :
				  clamp(self->poll_timeout_ms, 1,
					TIMEOUT_MAX_MS), err);
	}
	if (!code) {
		int most = TIMEOUT_MAX_MS / CONNECT_POLLS;

		code = set_number(config, "connect_timeout", CONNECT_POLLS *
				  (self->connect_timeout_ms < 0 ? most :
				   clamp(self->connect_timeout_ms, 1, most)),
				  err);
	}
	if (!code) {
		code = set_number(config, "retry_timeout",
				  clamp(self->retry_timeout_s, 0, RETRY_MAX_S),
				  err);
	}
	return code;
}

static int set_prefix(const struct libmc_client *self,
		      struct tenon_config *config, struct tenon_error *err)
{
	if (!self->prefix || self->normalizes) {
		return 0;
	}
	PyObject *yaml = quoted(self->prefix);
	const char *text = yaml ? PyUnicode_AsUTF8(yaml) : NULL;
	int code = text ? tenon_config_set(config, "prefix", text, err) : -1;

	Py_XDECREF(yaml);
	return code;
}

/* Call a function of tenon/settings.py with one argument. Returns NULL with an exception set. */
static PyObject *call_settings(const char *function, PyObject *argument)
{
	PyObject *settings = PyImport_ImportModule("tenon.settings");
	PyObject *value = settings ? PyObject_CallMethod(settings, function, "O",
							 argument) : NULL;

	Py_XDECREF(settings);
	return value;
}

/* Set a key of the config from its JSON; NULL: the key is not set. */
static int set_json(struct tenon_config *config, const char *key,
		    PyObject *json, struct tenon_error *err)
{
	if (!json) {
		return 0;
	}
	PyObject *yaml = call_settings("yaml_of_json", json);
	const char *text = yaml ? PyUnicode_AsUTF8(yaml) : NULL;
	int code = text ? tenon_config_set(config, key, text, err) : -1;

	Py_XDECREF(yaml);
	return code;
}

/* Return true when two servers have the same address; *failed: an exception is set. */
static bool share_addresses(PyObject *addresses, bool *failed)
{
	PyObject *set = PySet_New(addresses);
	bool shared = set && PySet_GET_SIZE(set) < PyList_GET_SIZE(addresses);

	*failed = !set;
	Py_XDECREF(set);
	return shared;
}

/*
 * Add a server to the config. No two servers of a config may have the same address, so with
 * `shared` each gets a place of its own that is no server. libmc_open() then moves the servers to
 * their addresses.
 */
static int add_server(const struct libmc_client *self,
		      struct tenon_config *config, PyObject *address,
		      Py_ssize_t i, bool shared, struct tenon_error *err)
{
	char place[32];

	PyOS_snprintf(place, sizeof(place), "/%zd", i);
	return tenon_config_add_server(config,
		shared ? place : PyBytes_AS_STRING(address),
		PyBytes_AS_STRING(PyList_GET_ITEM(self->identities, i)), 1,
		err);
}

static int add_servers(const struct libmc_client *self,
		       struct tenon_config *config, bool *shared,
		       struct tenon_error *err)
{
	PyObject *addresses = each_server(self->servers, server_address);
	bool failed = true;

	*shared = addresses && share_addresses(addresses, &failed);
	int code = failed ? -1 : 0;
	for (Py_ssize_t i = 0;
	     !code && i < PyList_GET_SIZE(self->identities); i++) {
		code = add_server(self, config, PyList_GET_ITEM(addresses, i),
				  i, *shared, err);
	}
	Py_XDECREF(addresses);
	return code;
}

void libmc_raise_config_error(const struct tenon_error *err)
{
	if (PyErr_Occurred()) {
		return;
	}
	if (err->code == TENON_ENOMEM) {
		PyErr_NoMemory();
	} else {
		PyErr_SetString(PyExc_ValueError, err->message);
	}
}

int libmc_make_config(const struct libmc_client *self,
		      struct tenon_config **out, bool *shared,
		      struct tenon_error *err)
{
	int code = tenon_config_create(out, err);

	if (!code) {
		code = set_settings(self, *out, err);
	}
	if (!code) {
		code = set_prefix(self, *out, err);
	}
	if (!code) {
		code = set_json(*out, "auth", self->auth, err);
	}
	if (!code) {
		code = set_json(*out, "tls", self->tls, err);
	}
	if (!code) {
		code = add_servers(self, *out, shared, err);
	}
	return code;
}

/*
 * Return the line, for the library, of a server with this address and this identity. The library
 * drops a backslash before a space; libmc keeps it in the alias. NULL with an exception set.
 */
static PyObject *server_spec(PyObject *address, PyObject *identity)
{
	PyObject *escaped = PyObject_CallMethod(identity, "replace", "yy", " ",
						"\\ ");
	PyObject *line = escaped ?
		PyBytes_FromFormat("%s %s", PyBytes_AS_STRING(address),
				   PyBytes_AS_STRING(escaped)) : NULL;

	Py_XDECREF(escaped);
	return line;
}

/*
 * Give the servers of a client, or of a pool, new addresses. Each server keeps its identity.
 * Returns a code of the library, or -1 with an exception set.
 */
static int move_servers(const struct libmc_client *self, PyObject *addresses,
			struct tenon_client *client, struct tenon_pool *pool,
			struct tenon_error *err)
{
	size_t count = (size_t)PyList_GET_SIZE(addresses);
	const char **specs = PyMem_Calloc(count + 1, sizeof(*specs));
	PyObject *lines = PyList_New(0);
	int code = specs && lines ? 0 : -1;

	for (size_t i = 0; !code && i < count; i++) {
		PyObject *line = server_spec(
			PyList_GET_ITEM(addresses, (Py_ssize_t)i),
			PyList_GET_ITEM(self->identities, (Py_ssize_t)i));

		code = line ? PyList_Append(lines, line) : -1;
		if (!code) {
			specs[i] = PyBytes_AS_STRING(line);
		}
		Py_XDECREF(line);
	}
	if (!code && pool) {
		code = tenon_pool_update_servers(pool, specs, count, err);
	} else if (!code && client) {
		code = tenon_client_update_servers(client, specs, count, err);
	}
	Py_XDECREF(lines);
	PyMem_Free(specs);
	return code;
}

int libmc_move_to_servers(const struct libmc_client *self,
			  struct tenon_client *client, struct tenon_pool *pool,
			  struct tenon_error *err)
{
	PyObject *addresses = each_server(self->servers, server_address);
	int code = addresses ?
		move_servers(self, addresses, client, pool, err) : -1;

	Py_XDECREF(addresses);
	return code;
}

/* Make *client by the settings; or, in the model of a pool, give the settings to the pool. */
static int open_client(const struct libmc_client *self,
		       struct tenon_client **client, struct tenon_error *err)
{
	struct tenon_config *config = NULL;
	bool shared = false;
	int code = libmc_make_config(self, &config, &shared, err);

	if (!code) {
		code = self->pool ?
			tenon_pool_reconfigure(self->pool, config, err) :
			tenon_client_open(config, client, err);
	}
	tenon_config_destroy(config);
	if (!code && shared) {
		code = libmc_move_to_servers(self, *client, self->pool, err);
	}
	if (code) {
		tenon_client_close(*client);
		*client = NULL;
	}
	return code;
}

bool libmc_open(struct libmc_client *self)
{
	struct tenon_client *client = NULL;
	struct tenon_error err = { 0 };
	bool normalizes = libmc_overrides(self, LIBMC_NORMALIZE_KEY);

	self->stale |= normalizes != self->normalizes;
	if (!self->stale || PyList_GET_SIZE(self->identities) == 0) {
		return true;
	}
	self->normalizes = normalizes;
	if (open_client(self, &client, &err) != 0) {
		libmc_raise_config_error(&err);
		return false;
	}
	base_adopt(&self->base, client);
	self->stale = false;
	return true;
}

/* ---- the constructor ----------------------------------------------------- */

enum { SERVERS, DO_SPLIT, COMP_THRESHOLD, NOREPLY, PREFIX, HASH_FN, FAILOVER,
       ENCODING, AUTH, TLS, ARGUMENT_COUNT };

static char *argument_names[] = { "servers", "do_split", "comp_threshold",
	"noreply", "prefix", "hash_fn", "failover", "encoding", "auth", "tls", NULL };

/* Set *out to the truth of an object. NULL: *out stays. Returns false with an exception set. */
static bool set_truth(bool *out, PyObject *object)
{
	int truth = object ? PyObject_IsTrue(object) : *out;

	*out = truth == 1;
	return truth >= 0;
}

static bool set_encoding(struct libmc_client *self, PyObject *encoding)
{
	static const char *const utf8[] = { "utf8", "utf-8", "UTF-8", "UTF8",
					    "utf_8" };

	self->encoding = encoding ? encoding : PyUnicode_FromString("utf8");
	if (!self->encoding) {
		return false;
	}
	if (encoding) {
		Py_INCREF(encoding);
	}
	if (!PyUnicode_Check(self->encoding)) {
		PyErr_Format(PyExc_TypeError, "Expected str, got %s",
			     Py_TYPE(self->encoding)->tp_name);
		return false;
	}
	for (size_t i = 0; i < sizeof(utf8) / sizeof(*utf8); i++) {
		self->is_utf8 |= PyUnicode_CompareWithASCIIString(
			self->encoding, utf8[i]) == 0;
	}
	return true;
}

/* Read the prefix: str, or the bytes that a pickled libmc client has. */
static bool set_prefix_argument(struct libmc_client *self, PyObject *prefix)
{
	if (!prefix || prefix == Py_None) {
		return true;
	}
	if (PyBytes_CheckExact(prefix)) {
		Py_INCREF(prefix);
		self->prefix = prefix;
	} else if (PyUnicode_CheckExact(prefix)) {
		self->prefix = PyUnicode_AsEncodedString(
			prefix, PyUnicode_AsUTF8(self->encoding), NULL);
	} else {
		PyErr_Format(PyExc_TypeError,
			"Argument 'prefix' has incorrect type (expected str, got %s)",
			Py_TYPE(prefix)->tp_name);
	}
	if (self->prefix && PyBytes_GET_SIZE(self->prefix) == 0) {
		Py_CLEAR(self->prefix);
		return true;
	}
	return self->prefix != NULL;
}

static bool set_servers(struct libmc_client *self, PyObject *servers)
{
	if (!PyList_CheckExact(servers)) {
		PyErr_Format(PyExc_TypeError,
			"Argument 'servers' has incorrect type (expected list, got %s)",
			Py_TYPE(servers)->tp_name);
		return false;
	}
	/* the caller may change the list later */
	self->servers = PySequence_List(servers);
	self->identities = self->servers ?
		each_server(self->servers, server_identity) : NULL;
	return self->identities != NULL;
}

/* Turn a value of the config, such as a bool or a mapping, into JSON. libmc has no such argument. */
static bool set_json_argument(PyObject **out, PyObject *value)
{
	if (!value || value == Py_None) {
		return true;
	}
	*out = call_settings("json_of", value);
	return *out != NULL;
}

static bool set_arguments(struct libmc_client *self, PyObject *const *given)
{
	self->do_split = true;
	return set_servers(self, given[SERVERS]) &&
		set_truth(&self->do_split, given[DO_SPLIT]) &&
		(!given[COMP_THRESHOLD] ||
		 int_argument(given[COMP_THRESHOLD], &self->comp_threshold)) &&
		set_truth(&self->noreply, given[NOREPLY]) &&
		(!given[HASH_FN] || int_argument(given[HASH_FN], &self->hash)) &&
		set_truth(&self->failover, given[FAILOVER]) &&
		set_encoding(self, given[ENCODING]) &&
		set_prefix_argument(self, given[PREFIX]) &&
		set_json_argument(&self->auth, given[AUTH]) &&
		set_json_argument(&self->tls, given[TLS]);
}

PyObject *libmc_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	PyObject *given[ARGUMENT_COUNT] = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOOOOOO$OO:Client",
			argument_names, &given[0], &given[1], &given[2],
			&given[3], &given[4], &given[5], &given[6],
			&given[7], &given[AUTH], &given[TLS])) {
		return NULL;
	}
	PyObject *object = base_new(type, args, kwargs);
	if (!object) {
		return NULL;
	}
	struct libmc_client *self = libmc_of(object);
	const struct module_state *state = self->base.state;
	self->poll_timeout_ms = 300;
	self->connect_timeout_ms = 10;
	self->retry_timeout_s = 5;
	self->max_inflated_bytes = LIBMC_MAX_INFLATED_BYTES;
	self->stale = true;
	self->records = !PyType_IsSubtype(type, state->libmc_pooled_type);
	self->checks = self->records &&
		!PyType_IsSubtype(type, state->libmc_unsafe_type);
	self->created_stack = self->checks ?
		PyObject_CallNoArgs(state->extract_stack) : NULL;
	if ((self->checks && !self->created_stack) ||
	    !set_arguments(self, given) || !libmc_open(self)) {
		Py_DECREF(object);
		return NULL;
	}
	return object;
}

/* ---- later changes ----------------------------------------------- */

PyObject *libmc_config(PyObject *object, PyObject *const *args,
		       Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "opt", "val", NULL };
	static const struct parameters parameters = { "config", names, 2, 0 };
	struct libmc_client *self = libmc_of(object);
	PyObject *given[2];
	int option, value;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !int_argument(given[0], &option) ||
	    !int_argument(given[1], &value)) {
		return NULL;
	}
	if (option == LIBMC_OPTION_MAX_INFLATED_BYTES) {
		self->max_inflated_bytes = value < 0 ? 0 : value;
		Py_RETURN_NONE;
	}
	int failover = self->failover;
	int *setting = option == LIBMC_POLL_TIMEOUT ? &self->poll_timeout_ms :
		option == LIBMC_CONNECT_TIMEOUT ? &self->connect_timeout_ms :
		option == LIBMC_RETRY_TIMEOUT ? &self->retry_timeout_s :
		option == LIBMC_HASH_FUNCTION ? &self->hash :
		option == LIBMC_SET_FAILOVER ? &failover : NULL;
	if (setting && *setting != value) {
		*setting = value;
		self->failover = failover != 0;
		self->stale = true;
	}
	if (self->pool && !libmc_open(self)) {
		return NULL;
	}
	Py_RETURN_NONE;
}

PyObject *libmc_servers(PyObject *self, void *unused)
{
	(void)unused;
	return PySequence_List(libmc_of(self)->servers);
}

PyObject *libmc_args(PyObject *object, PyObject *unused)
{
	const struct libmc_client *self = libmc_of(object);
	PyObject *prefix = Py_None;

	(void)unused;
	if (self->prefix) {
		prefix = PyUnicode_Decode(PyBytes_AS_STRING(self->prefix),
					  PyBytes_GET_SIZE(self->prefix),
					  PyUnicode_AsUTF8(self->encoding),
					  NULL);
		if (!prefix) {
			return NULL;
		}
	} else {
		Py_INCREF(prefix);
	}
	return Py_BuildValue("(NOiONiOO)", PySequence_List(self->servers),
			     self->do_split ? Py_True : Py_False,
			     self->comp_threshold,
			     self->noreply ? Py_True : Py_False, prefix,
			     self->hash, self->failover ? Py_True : Py_False,
			     self->encoding);
}

/* Return {"tls": value}, as the caller gave it. NULL with an exception set. */
static PyObject *tls_keywords(const struct libmc_client *self)
{
	PyObject *json = PyImport_ImportModule("json");
	PyObject *value = json ? PyObject_CallMethod(json, "loads", "O",
						     self->tls) : NULL;

	Py_XDECREF(json);
	return value ? Py_BuildValue("{sN}", "tls", value) : NULL;
}

/* Return what makes such a client of _args(): the type, or functools.partial(type, tls=value). */
static PyObject *maker(PyObject *object)
{
	PyObject *type = (PyObject *)Py_TYPE(object);

	if (!libmc_of(object)->tls) {
		Py_INCREF(type);
		return type;
	}
	PyObject *functools = PyImport_ImportModule("functools");
	PyObject *partial = functools ?
		PyObject_GetAttrString(functools, "partial") : NULL;
	PyObject *keywords = partial ? tls_keywords(libmc_of(object)) : NULL;
	PyObject *args = keywords ? PyTuple_Pack(1, type) : NULL;
	PyObject *make = args ? PyObject_Call(partial, args, keywords) : NULL;

	Py_XDECREF(functools);
	Py_XDECREF(partial);
	Py_XDECREF(keywords);
	Py_XDECREF(args);
	return make;
}

PyObject *libmc_reduce(PyObject *self, PyObject *unused)
{
	(void)unused;
	if (libmc_of(self)->auth) {
		PyErr_SetString(PyExc_TypeError,
				"a client with a password cannot be pickled");
		return NULL;
	}
	PyObject *args = PyObject_CallMethod(self, "_args", NULL);
	PyObject *make = args ? maker(self) : NULL;

	if (!make) {
		Py_XDECREF(args);
		return NULL;
	}
	return Py_BuildValue("(NN)", make, args);
}

/* Return true when there are as many servers, and each server that had an alias still has it. */
static bool keeps_aliases(const struct libmc_client *self, PyObject *servers)
{
	bool keeps = PyList_GET_SIZE(servers) ==
		PyList_GET_SIZE(self->identities);

	for (Py_ssize_t i = 0; keeps && i < PyList_GET_SIZE(servers); i++) {
		struct server_line before = { 0 }, now = { 0 };

		if (!server_line_init(&before,
				      PyList_GET_ITEM(self->servers, i)) ||
		    !server_line_init(&now, PyList_GET_ITEM(servers, i))) {
			keeps = false;
		} else if (before.alias) {
			keeps = now.alias &&
				strcmp(before.alias, now.alias) == 0;
		}
		server_line_fini(&before);
		server_line_fini(&now);
	}
	return keeps;
}

/*
 * Change to another list of servers. Returns 1; 0 when this is not possible; -1 with an exception
 * set.
 */
static int go_over(struct libmc_client *self, PyObject *servers)
{
	struct tenon_error err = { 0 };
	PyObject *addresses = each_server(servers, server_address);
	int code = -1;

	if (addresses && keeps_aliases(self, servers) && !PyErr_Occurred()) {
		code = move_servers(self, addresses, self->base.client,
				    self->pool, &err);
	}
	Py_XDECREF(addresses);
	if (PyErr_Occurred()) {
		return -1;
	}
	if (!code) {
		Py_INCREF(servers);
		Py_SETREF(self->servers, servers);
	}
	return !code;
}

PyObject *libmc_update_servers(PyObject *object, PyObject *servers)
{
	if (!PyList_CheckExact(servers)) {
		return PyErr_Format(PyExc_TypeError, "Expected list, got %s",
				    Py_TYPE(servers)->tp_name);
	}
	/* the caller may change the list later */
	PyObject *copy = PySequence_List(servers);
	int moved = copy ? go_over(libmc_of(object), copy) : -1;

	Py_XDECREF(copy);
	return moved < 0 ? NULL : PyBool_FromLong(moved);
}
