/* SPDX-License-Identifier: BSD-3-Clause */
#include "shares.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "output.h"
#include "tenon/introspect.h"

/* The shares of all servers, and their extremes. */
struct shares {
	struct tenon_share *list; /* count entries */
	size_t count;             /* servers of the main ring; spare servers come after them */
	uint64_t most;            /* keys of the server with the most keys */
	/* The greatest and the smallest ratio of a server's keys to its fair count. */
	double greatest, smallest;
};

static double ratio_of(const struct tenon_share *share)
{
	return (double)share->key_count / share->fair_count;
}

static struct shares shares_make(const struct app *app)
{
	size_t servers = tenon_client_server_count(app->client);
	struct shares shares = {
		.list = alloc_array(servers, sizeof(*shares.list)),
	};

	tenon_client_shares(app->client, shares.list);
	while (shares.count < servers &&
	       shares.list[shares.count].fair_count > 0) {
		const struct tenon_share *share = &shares.list[shares.count];
		double ratio = ratio_of(share);
		bool first = shares.count++ == 0;

		shares.most = share->key_count > shares.most ?
				      share->key_count :
				      shares.most;
		shares.greatest = first || ratio > shares.greatest ?
					  ratio :
					  shares.greatest;
		shares.smallest = first || ratio < shares.smallest ?
					  ratio :
					  shares.smallest;
	}
	return shares;
}

static double percent(double keys)
{
	return keys * 100 / TENON_SHARE_KEY_COUNT;
}

static void add_row(struct table *table, const struct app *app,
		    const struct shares *shares, size_t server)
{
	const struct tenon_share *share = &shares->list[server];
	char *bar = output_bar(share->key_count, shares->most, SHARE_BAR_COLUMNS);
	struct tenon_server_info info;

	tenon_client_server(app->client, server, &info);
	table_add(table, STYLE_BOLD, "%s", info.alias);
	table_add(table, STYLE_NONE, "%.1f%%",
		  percent((double)share->key_count));
	table_add(table, STYLE_DIM, "%.1f%%", percent(share->fair_count));
	table_add(table, STYLE_NONE, "%.2f", ratio_of(share));
	table_add(table, STYLE_GOOD, "%s", bar);
	free(bar);
}

void shares_print(const struct app *app)
{
	static const char *const titles[] = { "SERVER", "KEYS", "FAIR", "RATIO",
					      "" };
	struct table table = { .columns = 5,
			       .right = 1u << 1 | 1u << 2 | 1u << 3 };
	struct shares shares = shares_make(app);

	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < shares.count; i++) {
		add_row(&table, app, &shares, i);
	}
	table_print(&table, 2);
	output_format("  %d simulated keys: max/mean %.2f, max/min ",
		      TENON_SHARE_KEY_COUNT, shares.greatest);
	if (shares.smallest > 0) {
		output_format("%.2f\n", shares.greatest / shares.smallest);
	} else {
		output_text("infinite\n");
	}
	free(shares.list);
}

json_t *shares_json(const struct app *app)
{
	struct shares shares = shares_make(app);
	json_t *root = json_object();
	json_t *array = json_array();

	for (size_t i = 0; i < shares.count; i++) {
		json_t *object = json_object();

		js_put_server(object, app->client, i);
		js_put_u64(object, "keys", shares.list[i].key_count);
		js_put(object, "fair_keys",
		       json_real(shares.list[i].fair_count));
		js_append(array, object);
	}
	js_put_u64(root, "keys", TENON_SHARE_KEY_COUNT);
	js_put(root, "max_mean", json_real(shares.greatest));
	js_put(root, "max_min",
	       shares.smallest > 0 ?
		       json_real(shares.greatest / shares.smallest) :
		       json_null());
	js_put(root, "servers", array);
	free(shares.list);
	return root;
}
