/* SPDX-License-Identifier: BSD-3-Clause */
/* How libmc stores Python objects: its flags, and what they mean. */
#ifndef TENON_PYTHON_LIBMC_VALUE_H
#define TENON_PYTHON_LIBMC_VALUE_H

#include "base.h"

/*
 * Turn an object into bytes. Values above comp_threshold (0: none) are compressed.
 * Returns 0; 1 when the object cannot be stored, and a warning said so; -1 with an
 * exception set. out->owner is the caller's in any case.
 * Source: libmc 1.4.15, encode_value.
 */
int libmc_encode(const struct module_state *state, PyObject *object,
		 int comp_threshold, struct encoded *out);

/* Turn bytes back into an object; None where they are broken, as libmc has it. */
PyObject *libmc_decode(const struct module_state *state, PyObject *bytes,
		       uint32_t flags);

/* May a value with these flags be decoded without running Python code? */
bool libmc_is_plain(uint32_t flags);

/* The same from a result whose flags are plain; it may become *sink. */
PyObject *libmc_decode_result(const struct module_state *state,
			      const struct tenon_result *result,
			      PyObject **sink);

/* The functions encode_value and decode_value of the module. */
PyObject *libmc_encode_value(PyObject *module, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames);
PyObject *libmc_decode_value(PyObject *module, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames);

#endif
