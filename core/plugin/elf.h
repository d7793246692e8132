/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Check a shared object before dlopen(). The dynamic linker maps the segments that the file's
 * header lists, and reads them without a look at the length of the file. A page beyond the end
 * of a truncated file kills the process by SIGBUS, and a wrong address by SIGSEGV.
 */
#ifndef TENON_CORE_ELF_H
#define TENON_CORE_ELF_H

#include <stdint.h>

#include "plugin/refusal.h"

/*
 * Check the ELF file that fd is open on:
 * - the file is a shared object for the machine, word size and byte order of this process;
 * - all segments and all sections are inside the file;
 * - each table that the dynamic linker follows by address is inside a loaded segment.
 * The contents of code and data are not checked. The file must not change before dlopen() reads
 * it.
 * Shape:  size is the length of the file in bytes. The position of fd changes.
 * Errors: TENON_EPLUGIN with *refusal.
 */
int tenon__elf_check(int fd, uint64_t size, struct tenon__refusal *refusal);

#endif
