/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of a transport below a client share. Every test runs for every transport, in each
 * way of drive.h that the suite tests.
 */
#ifndef TENON_TESTS_TRANSPORT_RIG_H
#define TENON_TESTS_TRANSPORT_RIG_H

#include <check.h>
#include <stdbool.h>

#include "conformance/drive.h"
#include "conformance/subject.h"
#include "fakes/fake_server.h"

/* Begin a test: choose the transport, and how it is used, by the number of the test. */
#define USE_TRANSPORT() transport_use(_i)
void transport_use(int i);

#define EACH(tcase, test) subjects_add_test_to(tcase, test, drive_ways)
/*
 * Run the test twice: on connections that the operation makes, and on connections that
 * exist already.
 */
#define EACH_TWICE(tcase, test) subjects_add_test_to(tcase, test, 2 * drive_ways)

#define FAR_TOO_LONG_MS 5000

/* Address families, of which family_exists() may deny the last one. */
#define FAMILIES 3
extern const enum fake_family families[FAMILIES];
bool family_exists(enum fake_family family);

/* Add the tests of transport_connect.c. */
void transport_connect_add(TCase *tc);

#endif
