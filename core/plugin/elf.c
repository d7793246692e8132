/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/elf.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPECTED "expected a shared object"

/* The word size and the byte order of this process, as an ELF header names them. */
#define OWN_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define OWN_DATA                                                               \
	(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

/* The machine of this process. With EM_NONE the check is left to dlopen(). */
#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__i386__)
#define OWN_MACHINE EM_386
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#elif defined(__arm__)
#define OWN_MACHINE EM_ARM
#elif defined(__powerpc64__)
#define OWN_MACHINE EM_PPC64
#elif defined(__s390x__)
#define OWN_MACHINE EM_S390
#elif defined(__riscv)
#define OWN_MACHINE EM_RISCV
#elif defined(__powerpc__)
#define OWN_MACHINE EM_PPC
#elif defined(__mips__)
#define OWN_MACHINE EM_MIPS
#elif defined(__loongarch__)
#define OWN_MACHINE 258 /* EM_LOONGARCH, which older headers lack */
#elif defined(__sparc__) && defined(__arch64__)
#define OWN_MACHINE EM_SPARCV9
#else
#define OWN_MACHINE EM_NONE
#endif

/* Each table that is read has at most this many entries. Real files have far fewer. */
#define SEGMENTS_MAX 128
#define DYNAMIC_MAX 4096

struct elf {
	int fd;
	uint64_t size; /* of the file, in bytes */
	ElfW(Ehdr) header;
	ElfW(Phdr) segments[SEGMENTS_MAX];
	struct tenon__refusal *refusal;
};

static int truncated(const struct elf *elf, uint64_t offset, uint64_t len)
{
	if (offset > UINT64_MAX - len) {
		return tenon__refuse(elf->refusal,
				     "damaged: a part of the file ends beyond any address; " EXPECTED);
	}
	return tenon__refuse(elf->refusal,
			     "truncated: found %" PRIu64
			     " bytes, expected at least %" PRIu64,
			     elf->size, offset + len);
}

static int damaged(const struct elf *elf, const char *what)
{
	return tenon__refuse(elf->refusal, "damaged: %s; " EXPECTED, what);
}

static int unreadable(const struct elf *elf)
{
	return tenon__refuse(elf->refusal, "cannot be read (%s), " EXPECTED,
			     strerror(errno));
}

static bool is_inside(uint64_t offset, uint64_t len, uint64_t size)
{
	return offset <= size && len <= size - offset;
}

/*
 * Read len bytes at an offset of the file. By read(), and not by pread(): programs that make the
 * library wait in another way know read().
 */
static int read_at(const struct elf *elf, uint64_t offset, void *out,
		   size_t len)
{
	char *at = out;

	if (!is_inside(offset, len, elf->size)) {
		return truncated(elf, offset, len);
	}
	if (lseek(elf->fd, (off_t)offset, SEEK_SET) < 0) {
		return unreadable(elf);
	}
	while (len > 0) {
		ssize_t got = read(elf->fd, at, len);

		if (got == 0) {
			return truncated(elf, offset, len);
		}
		if (got < 0 && errno != EINTR) {
			return unreadable(elf);
		}
		if (got > 0) {
			at += got;
			offset += (uint64_t)got;
			len -= (size_t)got;
		}
	}
	return 0;
}

/* ---- the header ---------------------------------------------------------- */

/* Check the bytes that are the same in every ELF file. */
static int check_ident(const struct elf *elf)
{
	unsigned char ident[EI_NIDENT];
	int code;

	if (elf->size == 0) {
		return tenon__refuse(elf->refusal,
				     "found an empty file, " EXPECTED);
	}
	code = read_at(elf, 0, ident,
		       elf->size < sizeof(ident) ? (size_t)elf->size
						 : sizeof(ident));
	if (code) {
		return code;
	}
	if (elf->size < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0) {
		return tenon__refuse(elf->refusal,
				     "found no ELF file, " EXPECTED);
	}
	if (elf->size < sizeof(ident)) {
		return truncated(elf, 0, sizeof(elf->header));
	}
	if (ident[EI_CLASS] != OWN_CLASS) {
		return tenon__refuse(elf->refusal,
				     "found an ELF file of %s bits, expected one of %zu bits",
				     ident[EI_CLASS] == ELFCLASS32   ? "32"
				     : ident[EI_CLASS] == ELFCLASS64 ? "64"
								     : "unknown",
				     8 * sizeof(void *));
	}
	if (ident[EI_DATA] != OWN_DATA) {
		return tenon__refuse(elf->refusal,
				     "found an ELF file of another byte order, expected a shared object for this machine");
	}
	return 0;
}

static int check_header(struct elf *elf)
{
	const ElfW(Ehdr) *header = &elf->header;
	int code = check_ident(elf);

	if (!code) {
		code = read_at(elf, 0, &elf->header, sizeof(elf->header));
	}
	if (code) {
		return code;
	}
	if (OWN_MACHINE != EM_NONE && header->e_machine != OWN_MACHINE) {
		return tenon__refuse(elf->refusal,
				     "found an ELF file for machine %u, expected machine %u",
				     (unsigned)header->e_machine,
				     (unsigned)OWN_MACHINE);
	}
	if (header->e_type != ET_DYN) {
		return tenon__refuse(elf->refusal,
				     "found an ELF file of type %u, " EXPECTED
				     " (type %u)",
				     (unsigned)header->e_type,
				     (unsigned)ET_DYN);
	}
	return 0;
}

/* ---- segments ------------------------------------------------------------ */

/*
 * Check one segment that is loaded. *end is the first address after the loaded segments before
 * it, and is moved to the end of this one: the dynamic linker expects them in this order.
 */
static int check_load(const struct elf *elf, const ElfW(Phdr) *segment,
		      uint64_t *end)
{
	if (!is_inside(segment->p_offset, segment->p_filesz, elf->size)) {
		return truncated(elf, segment->p_offset, segment->p_filesz);
	}
	if (segment->p_filesz > segment->p_memsz ||
	    !is_inside(segment->p_vaddr, segment->p_memsz, INTPTR_MAX) ||
	    segment->p_vaddr < *end) {
		return damaged(elf, "a segment has an impossible address or length");
	}
	*end = segment->p_vaddr + segment->p_memsz;
	return 0;
}

/*
 * Find the loaded segment that has len bytes of the file at an address. Returns NULL when there
 * is none.
 */
static const ElfW(Phdr) *find_loaded(const struct elf *elf, uint64_t address,
				     uint64_t len)
{
	for (size_t i = 0; i < elf->header.e_phnum; i++) {
		const ElfW(Phdr) *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD &&
		    address >= segment->p_vaddr &&
		    is_inside(address - segment->p_vaddr, len,
			      segment->p_filesz)) {
			return segment;
		}
	}
	return NULL;
}

/* Return true for a segment that the dynamic linker reads at its address. */
static bool is_read(const ElfW(Phdr) *segment)
{
	return (segment->p_type == PT_DYNAMIC || segment->p_type == PT_TLS ||
		segment->p_type == PT_NOTE) &&
	       segment->p_filesz > 0;
}

static int check_segments(struct elf *elf)
{
	const ElfW(Ehdr) *header = &elf->header;
	uint64_t end = 0;
	int code = 0;

	if (header->e_phnum == 0 || header->e_phnum > SEGMENTS_MAX ||
	    header->e_phentsize != sizeof(elf->segments[0])) {
		return damaged(elf, "its header has no usable list of segments");
	}
	code = read_at(elf, header->e_phoff, elf->segments,
		       header->e_phnum * sizeof(elf->segments[0]));
	for (size_t i = 0; i < header->e_phnum && !code; i++) {
		if (elf->segments[i].p_type == PT_LOAD) {
			code = check_load(elf, &elf->segments[i], &end);
		}
	}
	for (size_t i = 0; i < header->e_phnum && !code; i++) {
		const ElfW(Phdr) *segment = &elf->segments[i];

		if (is_read(segment) && !find_loaded(elf, segment->p_vaddr,
						     segment->p_filesz)) {
			code = damaged(elf, "a segment is not in the loaded part");
		}
	}
	return code;
}

/* ---- the dynamic segment ------------------------------------------------- */

/* The tables that the dynamic linker finds by an address in the dynamic segment. */
enum tag {
	TAG_STRTAB,
	TAG_SYMTAB,
	TAG_HASH,
	TAG_GNU_HASH,
	TAG_RELA,
	TAG_REL,
	TAG_JMPREL,
	TAG_INIT_ARRAY,
	TAG_FINI_ARRAY,
	TAG_VERSYM,
	TAG_VERNEED,
	TAG_VERDEF,
	TAG_INIT,
	TAG_FINI,
	TAG_COUNT
};

/* For each table: the tag of its address, and the tag of its length in bytes (0: there is none). */
static const struct {
	int64_t address;
	int64_t bytes;
} tags[TAG_COUNT] = {
	[TAG_STRTAB] = { DT_STRTAB, DT_STRSZ },
	[TAG_SYMTAB] = { DT_SYMTAB, 0 },
	[TAG_HASH] = { DT_HASH, 0 },
	[TAG_GNU_HASH] = { DT_GNU_HASH, 0 },
	[TAG_RELA] = { DT_RELA, DT_RELASZ },
	[TAG_REL] = { DT_REL, DT_RELSZ },
	[TAG_JMPREL] = { DT_JMPREL, DT_PLTRELSZ },
	[TAG_INIT_ARRAY] = { DT_INIT_ARRAY, DT_INIT_ARRAYSZ },
	[TAG_FINI_ARRAY] = { DT_FINI_ARRAY, DT_FINI_ARRAYSZ },
	[TAG_VERSYM] = { DT_VERSYM, 0 },
	[TAG_VERNEED] = { DT_VERNEED, 0 },
	[TAG_VERDEF] = { DT_VERDEF, 0 },
	[TAG_INIT] = { DT_INIT, 0 },
	[TAG_FINI] = { DT_FINI, 0 },
};

/* What the dynamic segment says. A field is 0 when its tag is missing. */
struct dynamic {
	uint64_t address[TAG_COUNT];
	uint64_t bytes[TAG_COUNT];
	uint64_t last_name; /* the greatest offset of a name of a library or folder */
};

static void take_entry(struct dynamic *dynamic, const ElfW(Dyn) *entry)
{
	uint64_t value = entry->d_un.d_val;

	for (size_t i = 0; i < TAG_COUNT; i++) {
		if (entry->d_tag == tags[i].address) {
			dynamic->address[i] = value;
		} else if (tags[i].bytes != 0 && entry->d_tag == tags[i].bytes) {
			dynamic->bytes[i] = value;
		}
	}
	if ((entry->d_tag == DT_NEEDED || entry->d_tag == DT_SONAME ||
	     entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH) &&
	    value > dynamic->last_name) {
		dynamic->last_name = value;
	}
}

/* Check that the table of names is loaded, and ends with the end of a name. */
static int check_names(const struct elf *elf, const struct dynamic *dynamic)
{
	uint64_t address = dynamic->address[TAG_STRTAB];
	uint64_t bytes = dynamic->bytes[TAG_STRTAB];
	const ElfW(Phdr) *segment = find_loaded(elf, address, bytes);
	char last = 'x';
	int code;

	if (!segment || bytes == 0 || dynamic->last_name >= bytes) {
		return damaged(elf, "a name is beyond the table of names");
	}
	code = read_at(elf,
		       segment->p_offset + (address - segment->p_vaddr) +
			       bytes - 1,
		       &last, sizeof(last));
	if (!code && last != '\0') {
		code = damaged(elf, "the table of names has no end");
	}
	return code;
}

static int check_dynamic(const struct elf *elf, const struct dynamic *dynamic)
{
	if (dynamic->address[TAG_STRTAB] == 0 ||
	    dynamic->address[TAG_SYMTAB] == 0) {
		return damaged(elf, "it has no table of symbols");
	}
	for (size_t i = 0; i < TAG_COUNT; i++) {
		uint64_t bytes = dynamic->bytes[i] > 0 ? dynamic->bytes[i] : 1;

		if (dynamic->address[i] != 0 &&
		    !find_loaded(elf, dynamic->address[i], bytes)) {
			return damaged(elf, "a table is not in the loaded part");
		}
	}
	return check_names(elf, dynamic);
}

/* Read the dynamic segment up to its end mark. */
static int read_dynamic(const struct elf *elf, const ElfW(Phdr) *segment,
			struct dynamic *dynamic)
{
	uint64_t count = segment->p_filesz / sizeof(ElfW(Dyn));
	ElfW(Dyn) entry = { .d_tag = DT_NULL };

	for (uint64_t i = 0; i < count && i < DYNAMIC_MAX; i++) {
		int code = read_at(elf, segment->p_offset + i * sizeof(entry),
				   &entry, sizeof(entry));

		if (code || entry.d_tag == DT_NULL) {
			return code;
		}
		take_entry(dynamic, &entry);
	}
	return damaged(elf, "its dynamic segment has no end");
}

static int check_dynamics(const struct elf *elf)
{
	struct dynamic dynamic = { .last_name = 0 };
	size_t count = 0;
	int code = 0;

	for (size_t i = 0; i < elf->header.e_phnum && !code; i++) {
		if (elf->segments[i].p_type == PT_DYNAMIC) {
			count++;
			code = read_dynamic(elf, &elf->segments[i], &dynamic);
		}
	}
	if (!code && count != 1) {
		return damaged(elf, "it has no dynamic segment, or several");
	}
	return code ? code : check_dynamic(elf, &dynamic);
}

/* ---- sections ------------------------------------------------------------ */

/*
 * Check that the sections are in the file. The dynamic linker does not read them, but they are
 * at the end of the file: a copy of the file that is not complete has none.
 */
static int check_sections(const struct elf *elf)
{
	const ElfW(Ehdr) *header = &elf->header;
	uint64_t bytes = (uint64_t)header->e_shnum * sizeof(ElfW(Shdr));
	ElfW(Shdr) section;
	int code = 0;

	if (header->e_shoff == 0 || header->e_shnum == 0) {
		return 0;
	}
	if (header->e_shentsize != sizeof(section)) {
		return damaged(elf, "its header has no usable list of sections");
	}
	if (!is_inside(header->e_shoff, bytes, elf->size)) {
		return truncated(elf, header->e_shoff, bytes);
	}
	for (size_t i = 0; i < header->e_shnum && !code; i++) {
		code = read_at(elf, header->e_shoff + i * sizeof(section),
			       &section, sizeof(section));
		if (!code && section.sh_type != SHT_NOBITS &&
		    section.sh_type != SHT_NULL &&
		    !is_inside(section.sh_offset, section.sh_size, elf->size)) {
			code = truncated(elf, section.sh_offset,
					 section.sh_size);
		}
		if (!code && i == header->e_shstrndx && i != SHN_UNDEF &&
		    section.sh_type != SHT_STRTAB) {
			code = damaged(elf, "its sections have no names");
		}
	}
	return code;
}

int tenon__elf_check(int fd, uint64_t size, struct tenon__refusal *refusal)
{
	struct elf elf = { .fd = fd, .size = size, .refusal = refusal };
	int code = check_header(&elf);

	if (!code) {
		code = check_segments(&elf);
	}
	if (!code) {
		code = check_sections(&elf);
	}
	return code ? code : check_dynamics(&elf);
}
