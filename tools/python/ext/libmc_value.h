/* SPDX-License-Identifier: BSD-3-Clause */
/* The form in which libmc stores Python objects: bytes, and flags that name their encoding. */
#ifndef TENON_PYTHON_LIBMC_VALUE_H
#define TENON_PYTHON_LIBMC_VALUE_H

#include "base.h"

/*
 * Turn an object into bytes and flags.
 * Units:   values of more than comp_threshold bytes are compressed; 0 or less: none is.
 * Owns:    the caller drops the reference out->owner, also after an error.
 * Returns: 0; 1 when the object cannot be stored, after a Python warning; -1 with an exception
 *          set.
 * Source:  libmc 1.4.15, encode_value.
 */
int libmc_encode(const struct module_state *state, PyObject *object,
		 int comp_threshold, struct encoded *out);

/* The largest value that decode_value() inflates, and a client before config() sets another. */
#define LIBMC_MAX_INFLATED_BYTES (64 * 1024 * 1024)

/*
 * Turn bytes back into an object. Returns None for bytes that are broken, as libmc does, and for
 * bytes that inflate to more than max_inflated_bytes. NULL with an exception set.
 */
PyObject *libmc_decode(const struct module_state *state, PyObject *bytes,
		       uint32_t flags, Py_ssize_t max_inflated_bytes);

/* Return true when a value with these flags is decoded without running Python code. */
bool libmc_is_plain(uint32_t flags);

/*
 * Make the object of a result; libmc_is_plain() is true of its flags. A value that is bytes may
 * take *sink over, see base_value(). NULL with an exception set.
 */
PyObject *libmc_decode_result(const struct module_state *state,
			      const struct tenon_result *result,
			      PyObject **sink);

/* The functions encode_value() and decode_value() of the module. */
PyObject *libmc_encode_value(PyObject *module, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames);
PyObject *libmc_decode_value(PyObject *module, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames);

#endif
