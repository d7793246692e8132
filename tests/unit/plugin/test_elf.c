/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Damaged copies of a plugin's file. Without the check, dlopen() of most of them ends the process by
 * SIGBUS or SIGSEGV.
 */
#include "plugin/elf.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/loader.h"
#include "runner/builddir.h"
#include "runner/suite.h"

/* The zeroed part at the end of a file is at least as long as the section header of the names. */
#define SECTION_BYTES sizeof(ElfW(Shdr))

/* The good file, and a file in memory that each test fills with a damaged copy. */
static unsigned char good[1 << 20];
static unsigned char bytes[sizeof(good)];
static size_t size;
static int copy;
static struct tenon__refusal refusal;

static void set_up(void)
{
	FILE *file = fopen(GOOD_DIR "/hash_good.so", "rb");

	ck_assert_ptr_nonnull(file);
	size = fread(good, 1, sizeof(good), file);
	fclose(file);
	ck_assert_uint_lt(size, sizeof(good));
	ck_assert_uint_gt(size, sizeof(ElfW(Ehdr)));
	memcpy(bytes, good, size);
	copy = memfd_create("damaged", MFD_CLOEXEC);
	ck_assert_int_ge(copy, 0);
}

static void tear_down(void)
{
	close(copy);
}

static void write_copy(void)
{
	ck_assert_int_eq(pwrite(copy, bytes, size, 0), (ssize_t)size);
}

static int check(void)
{
	memset(&refusal, 0, sizeof(refusal));
	return tenon__elf_check(copy, size, &refusal);
}

/* Expect that a copy is refused, by a text with this part. */
static void expect_refused(const char *part)
{
	write_copy();
	ck_assert_int_eq(check(), TENON_EPLUGIN);
	ck_assert_msg(strstr(refusal.text, part) != NULL, "'%s' is not in '%s'",
		      part, refusal.text);
}

static ElfW(Ehdr) *header(void)
{
	return (ElfW(Ehdr) *)(void *)bytes;
}

/* Return the first segment of this type. */
static ElfW(Phdr) *segment(uint32_t type)
{
	ElfW(Phdr) *segments = (void *)(bytes + header()->e_phoff);

	for (size_t i = 0; i < header()->e_phnum; i++) {
		if (segments[i].p_type == type) {
			return &segments[i];
		}
	}
	ck_abort_msg("no segment of type %u", (unsigned)type);
}

/* Return the entry of the dynamic segment with this tag. */
static ElfW(Dyn) *dynamic(int64_t tag)
{
	ElfW(Dyn) *entry = (void *)(bytes + segment(PT_DYNAMIC)->p_offset);

	while (entry->d_tag != tag) {
		ck_assert_int_ne(entry->d_tag, DT_NULL);
		entry++;
	}
	return entry;
}

START_TEST(a_whole_file_is_accepted)
{
	write_copy();
	ck_assert_msg(check() == 0, "%s", refusal.text);
}
END_TEST

START_TEST(bytes_behind_the_end_do_not_matter)
{
	write_copy();
	memset(bytes + size, 'x', 5000);
	size += 5000;
	write_copy();
	ck_assert_msg(check() == 0, "%s", refusal.text);
}
END_TEST

START_TEST(a_file_that_is_cut_off_at_any_byte_is_refused)
{
	write_copy();
	/* each byte of the header and of the sections at the end, and some of those between */
	for (size_t len = size - 1; len > 0;
	     len -= len < 1000 || len > size - 3000 ? 1 : 13) {
		ck_assert_int_eq(ftruncate(copy, (off_t)len), 0);
		ck_assert_int_eq(tenon__elf_check(copy, len, &refusal),
				 TENON_EPLUGIN);
	}
}
END_TEST

START_TEST(a_file_that_got_shorter_since_its_size_was_read_is_refused)
{
	write_copy();
	ck_assert_int_eq(ftruncate(copy, 100), 0);
	ck_assert_int_eq(check(), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(refusal.text, "truncated"));
}
END_TEST

/* A copy that was interrupted by a crash often has the right length, and zeros at its end. */
START_TEST(a_file_with_zeros_at_its_end_is_refused)
{
	write_copy();
	for (size_t from = size - SECTION_BYTES; from > 0; from -= from < 64 ? 1 : 64) {
		memset(bytes + from, 0, size - from);
		write_copy();
		ck_assert_msg(check() == TENON_EPLUGIN, "zeros from %zu on",
			      from);
	}
}
END_TEST

/* Whether the copy is accepted is not asserted: many bytes are code. A sanitizer sees wild reads. */
START_TEST(no_changed_byte_of_the_tables_crashes_the_check)
{
	const ElfW(Phdr) *table = segment(PT_DYNAMIC);
	size_t ranges[][2] = {
		{ 0, header()->e_phoff + header()->e_phnum * sizeof(*table) },
		{ table->p_offset, table->p_offset + table->p_filesz },
		{ header()->e_shoff, size },
	};
	size_t refused = 0;

	for (size_t r = 0; r < 3; r++) {
		for (size_t i = ranges[r][0]; i < ranges[r][1]; i++) {
			bytes[i] ^= (unsigned char)(1u << _i);
			write_copy();
			refused += check() != 0;
			bytes[i] = good[i];
		}
	}
	ck_assert_uint_gt(refused, 50);
}
END_TEST

START_TEST(files_of_other_kinds_are_refused_by_name)
{
	static const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{ "", "found an empty file, expected a shared object" },
		{ "\x7f", "found no ELF file" },
		{ "\x7f" "ELF", "truncated: found 4 bytes, expected at least " },
		{ "# a text\n", "found no ELF file, expected a shared object" },
		{ "!<arch>\n/               ", "found no ELF file" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size = strlen(rows[i].text);
		memcpy(bytes, rows[i].text, size);
		ck_assert_int_eq(ftruncate(copy, 0), 0);
		expect_refused(rows[i].part);
	}
}
END_TEST

START_TEST(files_for_another_machine_are_refused)
{
	unsigned char class = header()->e_ident[EI_CLASS];

	header()->e_ident[EI_CLASS] = class == ELFCLASS64 ? ELFCLASS32
							  : ELFCLASS64;
	expect_refused(class == ELFCLASS64
			       ? "an ELF file of 32 bits, expected one of 64 bits"
			       : "an ELF file of 64 bits, expected one of 32 bits");
	header()->e_ident[EI_CLASS] = 7;
	expect_refused("an ELF file of unknown bits");
	header()->e_ident[EI_CLASS] = class;
	header()->e_ident[EI_DATA] ^= 3; /* 1 is the one order, 2 the other */
	expect_refused("another byte order");
	header()->e_ident[EI_DATA] ^= 3;
	header()->e_machine = EM_VAX;
	expect_refused("for machine 75");
}
END_TEST

START_TEST(files_that_are_no_shared_object_are_refused)
{
	header()->e_type = ET_REL;
	expect_refused("an ELF file of type 1, expected a shared object");
	header()->e_type = ET_EXEC;
	expect_refused("type 2");
	header()->e_type = ET_CORE;
	expect_refused("type 4");
}
END_TEST

/* The ceiling of segments is elf.c: SEGMENTS_MAX. */
START_TEST(a_header_without_usable_tables_is_refused)
{
	const char list[] = "no usable list of segments";

	header()->e_phnum = 0;
	expect_refused(list);
	header()->e_phnum = 129;
	expect_refused(list);
	header()->e_phnum = 128;
	expect_refused("damaged");
	memcpy(bytes, good, size);
	header()->e_phentsize++;
	expect_refused(list);
	memcpy(bytes, good, size);
	header()->e_phoff = (ElfW(Off))-8;
	expect_refused("beyond any address");
	memcpy(bytes, good, size);
	header()->e_shentsize++;
	expect_refused("no usable list of sections");
	memcpy(bytes, good, size);
	header()->e_shoff += SECTION_BYTES;
	expect_refused("truncated");
}
END_TEST

START_TEST(a_segment_with_a_wrong_place_is_refused)
{
	segment(PT_LOAD)->p_filesz = size + 1;
	expect_refused("truncated");
	memcpy(bytes, good, size);
	segment(PT_LOAD)->p_memsz = segment(PT_LOAD)->p_filesz - 1;
	expect_refused("impossible address or length");
	memcpy(bytes, good, size);
	segment(PT_LOAD)->p_memsz = (ElfW(Addr))-1;
	expect_refused("impossible address or length");
	memcpy(bytes, good, size);
	segment(PT_LOAD)->p_vaddr = (ElfW(Addr))1 << 30; /* the next one is before it */
	expect_refused("impossible address or length");
	memcpy(bytes, good, size);
	segment(PT_DYNAMIC)->p_vaddr = (ElfW(Addr))1 << 30;
	expect_refused("a segment is not in the loaded part");
	memcpy(bytes, good, size);
	segment(PT_DYNAMIC)->p_type = PT_NULL;
	expect_refused("no dynamic segment");
}
END_TEST

/* The ceiling of entries is elf.c: DYNAMIC_MAX, 4096. Here the segment ends before. */
START_TEST(a_dynamic_segment_with_a_wrong_entry_is_refused)
{
	static const int64_t tags[] = { DT_STRTAB, DT_SYMTAB, DT_GNU_HASH };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		memcpy(bytes, good, size);
		dynamic(tags[i])->d_un.d_ptr = (ElfW(Addr))1 << 40;
		expect_refused("a table is not in the loaded part");
	}
	memcpy(bytes, good, size);
	dynamic(DT_SYMTAB)->d_tag = DT_DEBUG;
	expect_refused("no table of symbols");
	memcpy(bytes, good, size);
	dynamic(DT_SONAME)->d_un.d_val = dynamic(DT_STRSZ)->d_un.d_val;
	expect_refused("a name is beyond the table of names");
	memcpy(bytes, good, size);
	dynamic(DT_STRSZ)->d_un.d_val--; /* the last byte is now in the middle of a name */
	dynamic(DT_STRSZ)->d_un.d_val--;
	expect_refused("the table of names has no end");
	memcpy(bytes, good, size);
	for (ElfW(Dyn) *entry = dynamic(DT_SONAME);
	     (unsigned char *)entry < bytes + segment(PT_DYNAMIC)->p_offset +
					      segment(PT_DYNAMIC)->p_filesz;
	     entry++) {
		entry->d_tag = DT_DEBUG;
	}
	expect_refused("its dynamic segment has no end");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_refused_with_the_reason)
{
	char path[] = "elf-XXXXXX";
	struct tenon__module module;

	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(tenon__module_open(&module, path, &refusal),
			 TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(refusal.text, "no regular file"));
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(tenon__module_open(&module, path, &refusal),
			 TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(refusal.text, "no regular file"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(tenon__module_open(&module, "/dev/zero", &refusal),
			 TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(refusal.text, "no regular file"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *files = tcase_create("files");

	enter_builddir();
	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_test(files, a_whole_file_is_accepted);
	tcase_add_test(files, bytes_behind_the_end_do_not_matter);
	tcase_add_test(files, a_file_that_is_cut_off_at_any_byte_is_refused);
	tcase_add_test(files, a_file_that_got_shorter_since_its_size_was_read_is_refused);
	tcase_add_test(files, a_file_with_zeros_at_its_end_is_refused);
	tcase_add_loop_test(files, no_changed_byte_of_the_tables_crashes_the_check, 0, 8);
	tcase_add_test(files, files_of_other_kinds_are_refused_by_name);
	tcase_add_test(files, files_for_another_machine_are_refused);
	tcase_add_test(files, files_that_are_no_shared_object_are_refused);
	tcase_add_test(files, a_header_without_usable_tables_is_refused);
	tcase_add_test(files, a_segment_with_a_wrong_place_is_refused);
	tcase_add_test(files, a_dynamic_segment_with_a_wrong_entry_is_refused);
	tcase_add_test(files, a_file_that_cannot_be_opened_is_refused_with_the_reason);
	suite_add_tcase(suite, files);
	return suite_run(suite);
}
