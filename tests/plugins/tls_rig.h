/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig of tests of secure tls with scripted servers, in every version and over every transport. */
#ifndef TENON_TESTS_PLUGINS_TLS_RIG_H
#define TENON_TESTS_PLUGINS_TLS_RIG_H

#include <check.h>

#include "conformance/subject.h"
#include "fakes/rig.h"
#include "fakes/tls_layer.h"

/* The versions of TLS that a test runs with. */
#define TLS_RIG_VERSIONS 2

/* Make the certificates, load the transports and make a suite. Call this first in main(). */
Suite *tls_rig_suite(const char *name);

/*
 * Add tests that run over each transport: in each version of TLS when versions is TLS_RIG_VERSIONS, and
 * once when versions is 1.
 */
void tls_rig_add(Suite *suite, const TTest *const *tests, size_t count,
		 int versions);

/* Choose the transport and the version of TLS of this variant, _i, of a test. */
struct tls_fake tls_rig_choose(int variant);

/* Start a fake that speaks TLS. how lives as long as the fake. */
void tls_rig_fake(struct rig *rig, const struct tls_fake *how,
		  const struct fake_step *steps, size_t count);

/*
 * Open a client of the fakes that tries nothing again. more: further options of tls, each after a
 * comma; settings: lines of the config.
 */
void tls_rig_open(struct rig *rig, const char *more, const char *settings);

#endif
