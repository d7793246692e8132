/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_rig.h"

#include <stdio.h>

#include "fakes/certificates.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"

static char folder[108]; /* of the certificates */

static const int versions[TLS_RIG_VERSIONS] = { TLS1_2_VERSION,
						TLS1_3_VERSION };

Suite *tls_rig_suite(const char *name)
{
	Suite *suite;

	enter_builddir();
	scratch_begin();
	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	subjects_load(TENON_KIND_TRANSPORT);
	suite = suite_create(name);
	subjects_add_tests(suite);
	return suite;
}

void tls_rig_add(Suite *suite, const TTest *const *tests, size_t count,
		 int variants)
{
	TCase *tcase =
		tcase_create(variants == 1 ? "one version" : "each version");

	for (size_t i = 0; i < count; i++) {
		subjects_add_test_to(tcase, tests[i], variants);
	}
	suite_add_tcase(suite, tcase);
}

struct tls_fake tls_rig_choose(int variant)
{
	rig_transport = subject(variant % subjects_count())->name;
	return (struct tls_fake){
		.folder = folder,
		.version = versions[variant / subjects_count()],
	};
}

void tls_rig_fake(struct rig *rig, const struct tls_fake *how,
		  const struct fake_step *steps, size_t count)
{
	const struct fake_listen listen = { .family = FAKE_INET,
					    .layer = &tls_layer,
					    .layer_context = how };

	rig_fake_at(rig, &listen, steps, count);
}

void tls_rig_open(struct rig *rig, const char *more, const char *settings)
{
	char text[500];

	snprintf(text, sizeof(text), "tls: {ca: '%s/ca.pem'%s}\n%s%s", folder,
		 more, RETRY_NEVER, settings);
	rig_open(rig, text);
}
