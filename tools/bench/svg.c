/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The picture of --svg. Each case has one bar for each client, from the line of the floor to the
 * client's ratio. A bar to the left is faster than the floor, a bar to the right slower. The
 * scale is logarithmic: twice and half are equally far from the line.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results.h"

#define LABEL_WIDTH 190.0
#define PANEL_WIDTH 400.0
#define PANEL_GAP 50.0
#define MARGIN 24.0
#define TOP 126.0
#define BAR_HEIGHT 10.0
#define CASE_GAP 14.0
#define FOOT 44.0
#define VALUE_WIDTH 40.0 /* kept free for the number at a bar's end */
#define TICK_WIDTH 26.0  /* of a label on the scale */
/* Larger ratios are cut off, so that one slow client does not make all other bars short. */
#define HIGH_MAX 4.5

/* tenon's bars are blue and green, those of other clients red, orange and purple. */
static const char *const tenon_colors[] = { "#1b4f8f", "#3f8fd2", "#2aa198",
					     "#7fbf7b", "#9ecae1" };
static const char *const other_colors[] = { "#e08214", "#c0504d", "#8d6a9f" };

struct picture {
	FILE *file;
	const struct results *results;
	double low; /* the least ratio of the scale */
	double high; /* the largest; longer bars are cut off */
	double height;
	double bottom; /* y of the end of the bars */
};

static const char *color_of(const struct contest *contest, size_t index)
{
	size_t tenons = 0;
	size_t others = 0;

	for (size_t i = 1; i <= index; i++) {
		bool is_tenon = contest->list[i].driver == &tenon_driver;

		tenons += is_tenon;
		others += !is_tenon;
	}
	if (contest->list[index].driver == &tenon_driver) {
		return tenon_colors[(tenons - 1) % (sizeof(tenon_colors) /
						    sizeof(tenon_colors[0]))];
	}
	return other_colors[(others - 1) % (sizeof(other_colors) /
					    sizeof(other_colors[0]))];
}

static void widen(struct picture *picture, const struct quartiles *ratio)
{
	picture->low = fmin(picture->low, ratio->median);
	picture->high = fmax(picture->high, ratio->upper);
}

static void find_scale(struct picture *picture)
{
	const struct results *results = picture->results;

	picture->low = 0.8;
	picture->high = 1.25;
	for (size_t i = 0; i < results->count; i++) {
		const struct case_result *row = &results->cases[i];

		for (size_t c = 1; c < results->contest->count; c++) {
			if (!row->clients[c].is_out) {
				widen(picture, &row->clients[c].wall_ratio);
				widen(picture, &row->clients[c].cpu_ratio);
			}
		}
	}
	picture->low *= 0.92;
	picture->high = fmin(picture->high * 1.05, HIGH_MAX);
}

static double x_of(const struct picture *picture, double left, double ratio)
{
	double width = PANEL_WIDTH - 2 * VALUE_WIDTH;
	double inside = fmax(fmin(ratio, picture->high), picture->low);
	double part = log(inside / picture->low) /
		      log(picture->high / picture->low);

	return left + VALUE_WIDTH + part * width;
}

static void text(const struct picture *picture, double x, double y,
		 const char *class, const char *string)
{
	fprintf(picture->file,
		"<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y,
		class, string);
}

static void draw_legend(const struct picture *picture)
{
	const struct contest *contest = picture->results->contest;
	double x = MARGIN;

	for (size_t c = 1; c < contest->count; c++) {
		fprintf(picture->file,
			"<rect x=\"%.1f\" y=\"66\" width=\"12\" height=\"12\" rx=\"2\" fill=\"%s\"/>\n",
			x, color_of(contest, c));
		text(picture, x + 17, 76, "legend", contest->list[c].name);
		x += 17 + 7.5 * (double)strlen(contest->list[c].name) + 18;
	}
}

static void draw_grid(const struct picture *picture, double left,
		      const char *title)
{
	/* In this order, the ticks that do not overlap an earlier one get a label. */
	static const double ticks[] = { 1, 2, 4, 0.5, 3, 1.5, 0.7, 1.2, 0.4 };
	size_t count = sizeof(ticks) / sizeof(ticks[0]);
	bool drawn[sizeof(ticks) / sizeof(ticks[0])] = { false };

	text(picture, x_of(picture, left, 1), TOP - 24, "panel", title);
	for (size_t i = 0; i < count; i++) {
		double x = x_of(picture, left, ticks[i]);
		bool fits = ticks[i] >= picture->low &&
			    ticks[i] <= picture->high;
		char label[16];

		for (size_t k = 0; k < i && fits; k++) {
			fits = !drawn[k] || fabs(x - x_of(picture, left,
							  ticks[k])) >=
						    TICK_WIDTH;
		}
		if (!fits) {
			continue;
		}
		drawn[i] = true;
		fprintf(picture->file,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
			x, TOP - 4, x, picture->bottom,
			ticks[i] == 1 ? "floor" : "grid");
		snprintf(label, sizeof(label), "%g\u00d7", ticks[i]);
		text(picture, x, TOP - 8, "tick", label);
		text(picture, x, picture->bottom + 14, "tick", label);
	}
}

static void draw_bar(const struct picture *picture, double left, double y,
		     const struct quartiles *ratio, const char *color)
{
	double from = x_of(picture, left, 1);
	double to = x_of(picture, left, ratio->median);
	double lower = x_of(picture, left, ratio->lower);
	double upper = x_of(picture, left, ratio->upper);
	bool is_left = to < from;
	double middle = y + BAR_HEIGHT / 2;
	char label[16];

	fprintf(picture->file,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
		fmin(from, to), y + 0.5, fmax(fabs(to - from), 1.0),
		BAR_HEIGHT - 1, color);
	if (ratio->median > picture->high) {
		/* Draw a torn end: the bar is longer than the picture. */
		fprintf(picture->file,
			"<path d=\"M %.1f %.1f l 5 %.1f l -5 %.1f l 6 0 l 5 %.1f l -5 %.1f z\" fill=\"#fff\"/>\n",
			to - 16, y, BAR_HEIGHT / 2, BAR_HEIGHT / 2,
			-BAR_HEIGHT / 2, -BAR_HEIGHT / 2);
	} else {
		fprintf(picture->file,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"spread\"/>\n",
			lower, middle, upper, middle);
	}
	snprintf(label, sizeof(label), "%.2f", ratio->median);
	text(picture, is_left ? fmin(lower, to) - 4 : fmax(upper, to) + 4,
	     y + BAR_HEIGHT - 2, is_left ? "value end" : "value", label);
}

static void draw_case(const struct picture *picture, size_t index, double y)
{
	const struct case_result *row = &picture->results->cases[index];
	const struct contest *contest = picture->results->contest;
	double left = MARGIN + LABEL_WIDTH;
	double height = BAR_HEIGHT * (double)(contest->count - 1);
	char micros[64];

	text(picture, MARGIN, y + height / 2 - 1, "case",
	     row->bench_case->title);
	snprintf(micros, sizeof(micros), "floor %.1f \u00b5s, CPU %.1f \u00b5s",
		 row->clients[0].wall_us.median, row->clients[0].cpu_us.median);
	text(picture, MARGIN, y + height / 2 + 12, "micros", micros);
	for (size_t c = 1; c < contest->count; c++) {
		double bar_y = y + BAR_HEIGHT * (double)(c - 1);

		if (row->clients[c].is_out) {
			continue;
		}
		draw_bar(picture, left, bar_y, &row->clients[c].wall_ratio,
			 color_of(contest, c));
		draw_bar(picture, left + PANEL_WIDTH + PANEL_GAP, bar_y,
			 &row->clients[c].cpu_ratio, color_of(contest, c));
	}
}

static double row_height(const struct results *results)
{
	return BAR_HEIGHT * (double)(results->contest->count - 1) + CASE_GAP;
}

/* Draw a shaded band behind every second case. */
static void draw_bands(const struct picture *picture)
{
	double height = row_height(picture->results);

	for (size_t i = 0; i < picture->results->count; i += 2) {
		fprintf(picture->file,
			"<rect x=\"0\" y=\"%.1f\" width=\"100%%\" height=\"%.1f\" class=\"band\"/>\n",
			TOP + height * (double)i, height);
	}
}

static void draw_cases(const struct picture *picture)
{
	double height = row_height(picture->results);

	for (size_t i = 0; i < picture->results->count; i++) {
		draw_case(picture, i, TOP + CASE_GAP / 2 + height * (double)i);
	}
}

static const char style[] =
	"<style>\n"
	"text { font-family: 'DejaVu Sans', 'Helvetica Neue', Arial, sans-serif; fill: #222 }\n"
	".title { font-size: 20px; font-weight: bold }\n"
	".sub { font-size: 12px; fill: #555 }\n"
	".legend { font-size: 12px }\n"
	".panel { font-size: 13px; font-weight: bold; text-anchor: middle }\n"
	".tick { font-size: 9px; fill: #777; text-anchor: middle }\n"
	".case { font-size: 12px; font-weight: bold }\n"
	".micros { font-size: 9.5px; fill: #777 }\n"
	".value { font-size: 8.5px; fill: #333 }\n"
	".end { text-anchor: end }\n"
	".band { fill: #f4f6f8 }\n"
	".grid { stroke: #d9dde1; stroke-width: 1 }\n"
	".floor { stroke: #222; stroke-width: 1.4 }\n"
	".spread { stroke: #000; stroke-opacity: 0.45; stroke-width: 1.2 }\n"
	"</style>\n";

static void draw(const struct picture *picture)
{
	double width = 2 * MARGIN + LABEL_WIDTH + 2 * PANEL_WIDTH + PANEL_GAP;
	double left = MARGIN + LABEL_WIDTH;

	fprintf(picture->file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n%s",
		width, picture->height, width, picture->height, style);
	fputs("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
	      picture->file);
	text(picture, MARGIN, 34, "title", "memcached clients and the floor");
	text(picture, MARGIN, 53, "sub",
	     "Cost of one operation, relative to raw sockets that send prebuilt bytes (the line at 1\u00d7): to the right it costs more, to the left less.");
	draw_legend(picture);
	draw_bands(picture);
	draw_grid(picture, left, "wall clock");
	draw_grid(picture, left + PANEL_WIDTH + PANEL_GAP,
		  "client CPU, user and system");
	draw_cases(picture);
	fprintf(picture->file,
		"<text x=\"%.1f\" y=\"%.1f\" class=\"micros\">Medians of %u interleaved rounds; thin lines join the quartiles. Each ratio is taken within a round. Logarithmic scale.</text>\n",
		MARGIN, picture->height - 12,
		picture->results->settings->rounds);
	fputs("</svg>\n", picture->file);
}

void results_svg(const struct results *results, FILE *file)
{
	struct picture picture = { .results = results, .file = file };

	picture.bottom = TOP + row_height(results) * (double)results->count;
	picture.height = picture.bottom + FOOT;
	find_scale(&picture);
	draw(&picture);
	if (fclose(file) != 0) {
		fail("the picture cannot be written: %s", strerror(errno));
	}
}
