/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/clients/words.h"

#include <errno.h>
#include <stddef.h>

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One word from *@p from to *@p to; both move. @return 0 or -EINVAL */
static int cut(char **from, char **to)
{
    char *in = *from, *out = *to;
    int quoted = 0;
    for (; *in && (quoted || !is_blank(*in)); in++)
        if (*in == '\'')
            quoted = !quoted;
        else if (*in == '\\' && !quoted && in[1])
            *out++ = *++in;
        else
            *out++ = *in;
    *from = in + (*in != '\0');
    *out = '\0';
    *to = out + 1;
    return quoted ? -EINVAL : 0;
}

int weir_words_split(char *text, char **word, int room)
{
    int n = 0;
    char *to = text;
    for (char *from = text;;) {
        while (is_blank(*from))
            from++;
        if (!*from)
            return n;
        if (n == room)
            return -E2BIG;
        word[n++] = to;
        if (cut(&from, &to))
            return -EINVAL;
    }
}
