/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/yaml_tree.h"

#include "base/err.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NAME_LENGTH_MAX 64
/* Each level adds a name and a dot, or an index. */
#define PATH_SIZE (WEIR_YAML_DEPTH_MAX * (NAME_LENGTH_MAX + 16))

/* An open mapping or list. */
struct level {
    bool is_map;
    bool has_key;       /* map: the next event is the value of `path` */
    int key_line;       /* map: of that key */
    size_t path_length; /* of the node itself, without its children */
    unsigned items;     /* list: so far */
};

struct reader {
    yaml_parser_t parser;
    const char *text, *name;
    size_t size;
    struct weir_yaml tree;
    struct level level[WEIR_YAML_DEPTH_MAX];
    int depth; /* open levels; 0: before or after the document's root */
    int documents;
    char path[PATH_SIZE]; /* of the node whose value comes next */
};

static int line_of(const yaml_event_t *event)
{
    return (int)event->start_mark.line + 1;
}

const char *weir_printable(const char *text, char out[WEIR_PRINTABLE_MAX])
{
    size_t room = WEIR_PRINTABLE_MAX - 4, n = 0;
    for (; text[n] && n < room; n++) {
        unsigned char c = (unsigned char)text[n];
        out[n] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    if (text[n]) {
        /* Cut before a character, not inside one. */
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        memcpy(out + n, "...", 3);
        n += 3;
    }
    out[n] = '\0';
    return out;
}

static int line_of_offset(const struct reader *r, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < r->size; i++)
        line += r->text[i] == '\n';
    return line;
}

/* Whether a tab is among the blanks that start @p line. */
static bool indents_with_tab(const struct reader *r, int line)
{
    const char *p = r->text, *end = r->text + r->size;
    while (p < end && line > 1)
        line -= *p++ == '\n';
    while (p < end && *p == ' ')
        p++;
    return p < end && *p == '\t';
}

static int not_yaml(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return WEIR_FAIL(ENOMEM, "%s", r->name);
    /* The byte reader runs ahead of the marks and knows only an offset. */
    int line = p->error == YAML_READER_ERROR
                   ? line_of_offset(r, p->problem_offset)
                   : (int)p->problem_mark.line + 1;
    int rc = WEIR_FAIL(WEIR_ECONFIG, "%s:%d: not readable as YAML: %s", r->name,
                       line, p->problem ? p->problem : "unknown problem");
    if (indents_with_tab(r, line))
        weir_err_hint("indent with spaces, not with tabs");
    else if (p->error == YAML_READER_ERROR)
        weir_err_hint("a config is UTF-8 text");
    return rc;
}

/* What the reader is asked to store of an event beside its place. */
static int refuse_decoration(const struct reader *r, const yaml_event_t *event,
                             const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: anchors (&name) are not used in a config",
                         r->name, line_of(event));
    if (tag)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: tags (!name) are not used in a config",
                         r->name, line_of(event));
    return 0;
}

static bool is_name(const char *text, size_t length)
{
    if (!length || length > NAME_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' &&
            text[i] != '-')
            return false;
    return true;
}

static const struct weir_yaml_node *find(const struct weir_yaml *tree,
                                         const char *path)
{
    for (size_t i = 0; i < tree->n; i++)
        if (!strcmp(tree->node[i].path, path))
            return &tree->node[i];
    return NULL;
}

static int take_key(struct reader *r, const yaml_event_t *event)
{
    char shown[WEIR_PRINTABLE_MAX];
    struct level *top = &r->level[r->depth - 1];
    const char *key = (const char *)event->data.scalar.value;
    if (!is_name(key, event->data.scalar.length)) {
        int rc = WEIR_FAIL(WEIR_ECONFIG,
                           "%s:%d: key '%s' is not a name (letters, digits, "
                           "_ and -, at most %d)",
                           r->name, line_of(event), weir_printable(key, shown),
                           NAME_LENGTH_MAX);
        if (strchr(key, '.'))
            weir_err_hint("put the key on a line of its own, indented under "
                          "its section");
        return rc;
    }
    snprintf(r->path + top->path_length, sizeof(r->path) - top->path_length,
             "%s%s", top->path_length ? "." : "", key);
    const struct weir_yaml_node *twin = find(&r->tree, r->path);
    if (twin)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: %s: given twice, first on line %d", r->name,
                         line_of(event), r->path, twin->line);
    top->has_key = true;
    top->key_line = line_of(event);
    return 0;
}

/* Store the node at r->path, and leave the level ready for what follows. */
static int add_node(struct reader *r, const yaml_event_t *event,
                    enum weir_yaml_kind kind, const char *text)
{
    struct weir_yaml *t = &r->tree;
    struct level *top = &r->level[r->depth - 1];
    if (t->n == WEIR_YAML_NODES_MAX)
        return WEIR_FAIL(WEIR_ECONFIG, "%s:%d: more than %d keys and values",
                         r->name, line_of(event), WEIR_YAML_NODES_MAX);
    /* Doubles at every power of two. */
    if (!(t->n & (t->n - 1))) {
        size_t room = t->n ? 2 * t->n : 1;
        void *grown = realloc(t->node, room * sizeof(*t->node));
        if (!grown)
            return WEIR_FAIL(ENOMEM, "%s", r->name);
        t->node = grown;
    }
    struct weir_yaml_node node = {.kind = kind,
                                  .line = top->is_map ? top->key_line
                                                      : line_of(event),
                                  .path = strdup(r->path),
                                  .text = strdup(text)};
    if (!node.path || !node.text) {
        free(node.path);
        free(node.text);
        return WEIR_FAIL(ENOMEM, "%s", r->name);
    }
    t->node[t->n++] = node;
    top->has_key = false;
    return 0;
}

/* Whether the next scalar is a key. In a list, name the item instead. */
static bool expects_key(struct reader *r)
{
    struct level *top = &r->level[r->depth - 1];
    if (top->is_map)
        return !top->has_key;
    snprintf(r->path + top->path_length, sizeof(r->path) - top->path_length,
             "[%u]", top->items++);
    return false;
}

static int take_scalar(struct reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    bool empty = !length && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    int rc = refuse_decoration(r, event, event->data.scalar.anchor,
                               event->data.scalar.tag);
    if (rc)
        return rc;
    if (strlen(text) != length)
        return WEIR_FAIL(WEIR_ECONFIG, "%s:%d: a value holds a zero byte",
                         r->name, line_of(event));
    if (!r->depth)
        return empty ? 0
                     : WEIR_FAIL(WEIR_ECONFIG,
                                 "%s:%d: a config is a mapping of sections, "
                                 "not a single value",
                                 r->name, line_of(event));
    if (expects_key(r))
        return take_key(r, event);
    return add_node(r, event, empty ? WEIR_YAML_EMPTY : WEIR_YAML_VALUE, text);
}

static int check_open(struct reader *r, const yaml_event_t *event, bool is_map)
{
    if (r->depth == WEIR_YAML_DEPTH_MAX)
        return WEIR_FAIL(WEIR_ECONFIG, "%s:%d: nested more than %d levels deep",
                         r->name, line_of(event), WEIR_YAML_DEPTH_MAX);
    if (!r->depth && !is_map)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: a config is a mapping of sections, not a list",
                         r->name, line_of(event));
    if (r->depth && expects_key(r))
        return WEIR_FAIL(WEIR_ECONFIG, "%s:%d: a key must be a name", r->name,
                         line_of(event));
    return 0;
}

static int open_level(struct reader *r, const yaml_event_t *event, bool is_map)
{
    int rc = check_open(r, event, is_map);
    if (!rc && r->depth)
        rc = add_node(r, event, is_map ? WEIR_YAML_MAP : WEIR_YAML_LIST, "");
    if (!rc)
        r->level[r->depth++] =
            (struct level){.is_map = is_map, .path_length = strlen(r->path)};
    return rc;
}

static int start_document(struct reader *r, const yaml_event_t *event)
{
    if (r->documents++)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: a second document starts here; a config is "
                         "one",
                         r->name, line_of(event));
    return 0;
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
    int rc;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return start_document(r, event);
    case YAML_ALIAS_EVENT:
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s:%d: aliases (*name) are not used in a config",
                         r->name, line_of(event));
    case YAML_SCALAR_EVENT:
        return take_scalar(r, event);
    case YAML_MAPPING_START_EVENT:
        rc = refuse_decoration(r, event, event->data.mapping_start.anchor,
                               event->data.mapping_start.tag);
        return rc ? rc : open_level(r, event, true);
    case YAML_SEQUENCE_START_EVENT:
        rc = refuse_decoration(r, event, event->data.sequence_start.anchor,
                               event->data.sequence_start.tag);
        return rc ? rc : open_level(r, event, false);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        r->path[r->level[r->depth].path_length] = '\0';
        return 0;
    default:
        return 0;
    }
}

static int take_all(struct reader *r)
{
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return not_yaml(r);
        int rc = take_event(r, &event);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (rc)
            return rc;
    }
    return 0;
}

int weir_yaml_read(const char *text, size_t size, const char *name,
                   struct weir_yaml *out)
{
    struct reader r = {.text = text, .size = size, .name = name};
    if (size > WEIR_YAML_SIZE_MAX)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: larger than %u KiB, not a config",
                         name, WEIR_YAML_SIZE_MAX >> 10);
    if (!yaml_parser_initialize(&r.parser))
        return WEIR_FAIL(ENOMEM, "%s", name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    int rc = take_all(&r);
    yaml_parser_delete(&r.parser);
    if (rc)
        weir_yaml_free(&r.tree);
    else
        *out = r.tree;
    return rc;
}

void weir_yaml_free(struct weir_yaml *tree)
{
    for (size_t i = 0; i < tree->n; i++) {
        free(tree->node[i].path);
        free(tree->node[i].text);
    }
    free(tree->node);
    *tree = (struct weir_yaml){0};
}
