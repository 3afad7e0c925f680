#ifndef SFLOW_TESTS_DIFFERENTIAL_DRAW_H
#define SFLOW_TESTS_DIFFERENTIAL_DRAW_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What every part of the generator needs: random numbers that a seed decides,
 * texts put together in an arena that lives as long as the process (it makes
 * one case), and files in the case's folder.
 */

void draw_seed(uint64_t seed);
uint64_t draw(void);
/* Below `count`, which is above 0. */
unsigned draw_below(unsigned count);
/* Both ends included. */
int64_t draw_between(int64_t low, int64_t high);
/* True `percent` times in 100. */
int draw_chance(unsigned percent);
/* One of the words of a list that ends with NULL. */
const char *draw_word(const char *const *words);

/* A new text, as printf makes it. */
char *say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* `list` and `item` with `separator` between, if there is a list already. */
char *say_list(const char *list, const char *separator, const char *item);
/* The text between single quotes, as SQL wants it. */
char *say_sql(const char *text);
/* The text between double quotes, escaped as sflow and JSON both have it. */
char *say_quoted(const char *text);

/* Where file_open() creates files. */
void file_folder(const char *folder);
/* A file to write, or the end of the process. */
FILE *file_open(const char *name);
int file_exists(const char *name);
/* A whole file. */
void file_write(const char *name, const char *text);

#endif
