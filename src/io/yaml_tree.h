/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_YAML_TREE_H
#define WEIR_IO_YAML_TREE_H

/**
 * @file
 * The part of YAML a config may use, read into a flat list: mappings of names
 * to mappings, lists and values, each with its line. Values stay text.
 *
 * What YAML offers beside that is refused with file and line, for none of it
 * would mean to a user what it means to YAML: anchors, aliases, tags, several
 * documents, keys that are not names (a name has letters, digits, _ and -),
 * a key given twice. Size, number of nodes and depth are limited, so that no
 * input costs more than a moment.
 */
#include <stddef.h>

/** Largest text that is read, in bytes. */
#define WEIR_YAML_SIZE_MAX (1u << 20)
/** Most nodes, and deepest nesting, of one text. */
#define WEIR_YAML_NODES_MAX 4096
#define WEIR_YAML_DEPTH_MAX 8

enum weir_yaml_kind {
    WEIR_YAML_VALUE, /* text, possibly "" when it was quoted */
    WEIR_YAML_EMPTY, /* nothing after the colon */
    WEIR_YAML_MAP,
    WEIR_YAML_LIST,
};

struct weir_yaml_node {
    enum weir_yaml_kind kind;
    int line;   /* from 1, of the key or the item */
    char *path; /* "training.batch"; item 2 of a list: "defaults[2]" */
    char *text; /* "" unless VALUE */
};

/** Nodes in the order of the text; a mapping comes before what is in it. */
struct weir_yaml {
    struct weir_yaml_node *node;
    size_t n;
};

/**
 * Read @p size bytes of @p text. An empty text has no nodes.
 *
 * @param name stands for the file in messages, "NAME:LINE: ..."
 * @param[out] out freed by weir_yaml_free; untouched on failure
 * @return 0, -ENOMEM
 * @return -WEIR_ECONFIG not YAML, or YAML that a config may not use
 */
int weir_yaml_read(const char *text, size_t size, const char *name,
                   struct weir_yaml *out);
void weir_yaml_free(struct weir_yaml *tree);

/** Room for a text as weir_printable shows it. */
#define WEIR_PRINTABLE_MAX 72

/**
 * Copy @p text so that it can stand in a message: control characters become
 * '?', and a long text is cut and ends in "...".
 * @return @p out
 */
const char *weir_printable(const char *text, char out[WEIR_PRINTABLE_MAX]);

#endif
