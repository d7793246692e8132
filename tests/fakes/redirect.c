/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/redirect.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The parts of a library's dynamic section that describe its calls of other libraries. */
struct calls {
	const char *names;
	const ElfW(Sym) *symbols;
	const char *entries; /* relocations of the table of calls */
	size_t entries_bytes;
	size_t entry_bytes; /* size of one entry: with or without addend */
};

struct request {
	const char *name;
	redirect_fn substitute;
	size_t count;
};

static bool is_ours(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return strncmp(name, "libtenon.so", 11) == 0 ||
		strncmp(name, "transport_", 10) == 0 ||
		strncmp(name, "_tenon.", 7) == 0; /* of Python */
}

/* Most C libraries have already added the library's load address to this value. */
static const void *address_of(const struct dl_phdr_info *info, ElfW(Addr) value)
{
	return (const void *)(value < info->dlpi_addr ? value + info->dlpi_addr :
							value);
}

static struct calls find_calls(const struct dl_phdr_info *info)
{
	struct calls calls = { 0 };
	const ElfW(Dyn) *dyn = NULL;

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) {
			dyn = (const void *)(info->dlpi_addr +
					     info->dlpi_phdr[i].p_vaddr);
		}
	}
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_STRTAB) {
			calls.names = address_of(info, dyn->d_un.d_ptr);
		} else if (dyn->d_tag == DT_SYMTAB) {
			calls.symbols = address_of(info, dyn->d_un.d_ptr);
		} else if (dyn->d_tag == DT_JMPREL) {
			calls.entries = address_of(info, dyn->d_un.d_ptr);
		} else if (dyn->d_tag == DT_PLTRELSZ) {
			calls.entries_bytes = dyn->d_un.d_val;
		} else if (dyn->d_tag == DT_PLTREL) {
			calls.entry_bytes = dyn->d_un.d_val == DT_RELA ?
				sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
		}
	}
	return calls;
}

static size_t symbol_index(const ElfW(Rel) *entry)
{
#if __ELF_NATIVE_CLASS == 64
	return ELF64_R_SYM(entry->r_info);
#else
	return ELF32_R_SYM(entry->r_info);
#endif
}

/* A library that was linked with -z relro -z now has a read-only table. */
static void write_slot(uintptr_t slot, redirect_fn substitute)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (mprotect((void *)(slot & ~(uintptr_t)(page - 1)), page,
		     PROT_READ | PROT_WRITE) != 0) {
		abort();
	}
	*(uintptr_t *)slot = (uintptr_t)substitute;
}

static int redirect_in(struct dl_phdr_info *info, size_t size, void *payload)
{
	struct request *request = payload;

	(void)size;
	if (!is_ours(info->dlpi_name)) {
		return 0;
	}
	struct calls calls = find_calls(info);
	for (size_t at = 0; at < calls.entries_bytes; at += calls.entry_bytes) {
		/* an Elf_Rela begins as an Elf_Rel; the addend comes last */
		const ElfW(Rel) *entry = (const void *)(calls.entries + at);
		const ElfW(Sym) *symbol = &calls.symbols[symbol_index(entry)];

		if (strcmp(calls.names + symbol->st_name, request->name) == 0) {
			write_slot(info->dlpi_addr + entry->r_offset,
				   request->substitute);
			request->count++;
		}
	}
	return 0;
}

size_t redirect(const char *name, redirect_fn substitute)
{
	struct request request = { .name = name, .substitute = substitute };

	dl_iterate_phdr(redirect_in, &request);
	return request.count;
}
