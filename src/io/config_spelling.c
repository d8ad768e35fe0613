/* SPDX-License-Identifier: BSD-3-Clause */
/* Entries written in one word, as papers do: "Conv;34;10;relu" becomes the name
 * of the entry and a setting of each option, in the word's place. */
#include "io/config_setting.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Length of the first part of a word. */
static size_t part(const char *word)
{
    return strcspn(word, ";");
}

/* The part after @p word's first; NULL when there is none. */
static const char *after(const char *word)
{
    return word[part(word)] ? word + part(word) + 1 : NULL;
}

static size_t parts(const char *word)
{
    size_t n = 0;
    for (; word; word = after(word))
        n++;
    return n;
}

static char *text_of(struct weir_config_store *store, const char *word)
{
    char *text = weir_store_text(store, word);
    if (text)
        text[part(text)] = '\0';
    return text;
}

static bool is_spelled(const struct weir_setting *s,
                       const struct weir_schema_section **section)
{
    char key[WEIR_KEY_MAX];
    for (*section = weir_schema; (*section)->name; ++*section) {
        if (!(*section)->chooser)
            continue;
        snprintf(key, sizeof(key), "%s.%s", (*section)->name,
                 (*section)->chooser);
        if (!strcmp(key, s->key))
            return s->shape == WEIR_YAML_VALUE && strchr(s->text, ';');
    }
    return false;
}

static bool find(const struct weir_config_registry *r, const char *section,
                 const char *word, struct weir_config_entry *out)
{
    for (size_t i = 0; r->entry(r->ctx, section, i, out); i++)
        if (out->spelling && part(out->spelling) == part(word) &&
            !strncmp(out->spelling, word, part(word)))
            return true;
    return false;
}

/* Put what the word says into @p to; its settings, or a negative code. */
static int expand(struct weir_config_store *store,
                  const struct weir_config_registry *registry,
                  const struct weir_settings *list,
                  const struct weir_setting *s,
                  const struct weir_schema_section *section,
                  struct weir_setting *to)
{
    struct weir_config_entry e;
    const char *word = s->text, *name;
    int n = 0;
    if (!find(registry, section->name, word, &e))
        return weir_setting_refuse(list, s, "no %s is written like this",
                                   section->name);
    if (parts(word) > parts(e.spelling))
        return weir_setting_refuse(list, s, "expected %s", e.spelling);
    to[n] = *s;
    to[n++].text = e.name;
    for (name = after(e.spelling); (word = after(word)); name = after(name)) {
        char key[WEIR_KEY_MAX];
        snprintf(key, sizeof(key), "%s.%.*s", section->name, (int)part(name),
                 name);
        to[n] = *s;
        to[n].key = weir_store_text(store, key);
        to[n].text = text_of(store, word);
        if (!to[n].key || !to[n].text)
            return -ENOMEM;
        n++;
    }
    return n;
}

int weir_settings_spell(struct weir_config_store *store,
                        const struct weir_config_registry *registry,
                        struct weir_settings *list)
{
    size_t room = list->n;
    const struct weir_schema_section *section;
    for (size_t i = 0; i < list->n; i++)
        if (is_spelled(&list->item[i], &section))
            room += parts(list->item[i].text);
    struct weir_setting *all = weir_store_alloc(store, room * sizeof(*all));
    size_t n = 0;
    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < list->n; i++) {
        const struct weir_setting *s = &list->item[i];
        int made = 1;
        all[n] = *s;
        if (is_spelled(s, &section))
            made = expand(store, registry, list, s, section, &all[n]);
        if (made < 0)
            return made;
        n += (size_t)made;
    }
    list->item = all;
    list->n = n;
    return 0;
}
