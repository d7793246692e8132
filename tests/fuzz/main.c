/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main() of a fuzz target without libFuzzer. Runs the files of the command line, or
 * else the files in corpus/ and crashes/, and reports in TAP.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz/fuzz.h"

#define INPUT_MAX_BYTES (1024 * 1024)
#define PATH_BYTES 4096

static bool run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *input = malloc(INPUT_MAX_BYTES);
	uint8_t *exact = NULL;
	size_t len = 0;

	if (file && input) {
		len = fread(input, 1, INPUT_MAX_BYTES, file);
		/* exact size, so that a sanitizer sees a read beyond the end */
		exact = malloc(len > 0 ? len : 1);
	}
	if (exact) {
		memcpy(exact, input, len);
		LLVMFuzzerTestOneInput(exact, len);
	}
	if (file) {
		fclose(file);
	}
	free(input);
	free(exact);
	return exact != NULL;
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Run every file of a folder. Returns the number of tests so far. */
static int run_folder(const char *kind, int tests)
{
	const char *top = getenv("abs_top_srcdir");
	struct dirent **entries;
	char folder[PATH_BYTES], path[PATH_BYTES + 256];
	int count;

	snprintf(folder, sizeof(folder), "%s/tests/fuzz/%s/%s", top ? top : ".",
		 kind, fuzz_name);
	count = scandir(folder, &entries, is_input, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
			 entries[i]->d_name);
		printf("%s %d - %s/%s\n", run_file(path) ? "ok" : "not ok",
		       ++tests, kind, entries[i]->d_name);
		fflush(stdout);
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
	return tests;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	for (int i = 1; i < argc; i++) {
		if (!run_file(argv[i])) {
			perror(argv[i]);
			status = EXIT_FAILURE;
		}
	}
	if (argc == 1) {
		printf("1..%d\n", run_folder("crashes", run_folder("corpus", 0)));
	}
	fuzz_end();
	return status;
}
