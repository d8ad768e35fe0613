/* SPDX-License-Identifier: BSD-3-Clause */
/* A list of words as one text. */
#include "pipeline/clients/words.h"
#include "tests/test.h"

static void expect(const char *text, int n, const char *const *word)
{
    char copy[256], *got[8];
    snprintf(copy, sizeof(copy), "%s", text);
    assert_int_equal(weir_words_split(copy, got, 8), n);
    for (int i = 0; i < n; i++)
        assert_string_equal(got[i], word[i]);
}

#define EXPECT(text, ...)                                                      \
    do {                                                                       \
        const char *const w[] = {__VA_ARGS__};                                 \
        expect(text, (int)(sizeof(w) / sizeof(*w)), w);                        \
    } while (0)

static void blanks_part_words(void **state)
{
    (void)state;
    expect("", 0, NULL);
    expect("  \t ", 0, NULL);
    EXPECT(" a  b\tc ", "a", "b", "c");
}

static void quotes_keep_what_is_in_them(void **state)
{
    (void)state;
    EXPECT("'a b' c", "a b", "c");
    EXPECT("''", "");
    EXPECT("x'y z'w", "xy zw");
    EXPECT("'it'\\''s' 'a\"b' 'c\\d'", "it's", "a\"b", "c\\d");
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    char open[] = "a 'b c", many[] = "1 2 3", *word[2];
    fails(weir_words_split(open, word, 2), -EINVAL);
    fails(weir_words_split(many, word, 2), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(blanks_part_words),
        cmocka_unit_test(quotes_keep_what_is_in_them),
        cmocka_unit_test(what_is_wrong_is_refused),
    };
    return RUN(cases);
}
