/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/scratch.h"

#include "io/runfile.h"
#include "io/runfile_reader.h"

#include <math.h>

static char dir[PATH_MAX], path[PATH_MAX];

struct train_row {
    uint64_t step;
    float loss;
    double wait_s;
    float histogram[5];
};

struct simulation_row {
    int32_t id;
    uint8_t bred;
    int64_t started;
    double parameters[3];
    char cause[12];
    uint32_t attempt;
};

#define AT(row, member) offsetof(struct row, member)

static const struct weir_column train_columns[] = {
    {"step", WEIR_U64, AT(train_row, step), 1, false, NULL, "gradient step"},
    {"loss", WEIR_F32, AT(train_row, loss), 0, false, NULL, "batch mean"},
    {"wait", WEIR_F64, AT(train_row, wait_s), 1, false, "s", "for samples"},
    {"histogram", WEIR_F32, AT(train_row, histogram), 5, false, NULL, "counts"},
    {0},
};

static const struct weir_column simulation_columns[] = {
    {"id", WEIR_I32, AT(simulation_row, id), 1, false, NULL, "number"},
    {"bred", WEIR_U8, AT(simulation_row, bred), 1, false, NULL, "steered"},
    {"started", WEIR_I64, AT(simulation_row, started), 1, false, "ns", "when"},
    {"parameters", WEIR_F64, AT(simulation_row, parameters), 3, false, NULL,
     "what was simulated"},
    {"cause", WEIR_U8, AT(simulation_row, cause), 12, true, NULL, "of its end"},
    {"attempt", WEIR_U32, AT(simulation_row, attempt), 1, false, NULL, "count"},
    {0},
};

static const struct weir_runfile_table tables[] = {
    {"train", "one row per gradient step", sizeof(struct train_row),
     train_columns, 0},
    {"acquire/simulations", "every parameter set",
     sizeof(struct simulation_row), simulation_columns, 7},
};

enum { TRAIN, SIMULATIONS, TABLES };

static const struct weir_text attributes[] = {
    {"config", "seed: 7\nname: \"x\"\n"},
    {"host", ""},
};

static struct train_row train(uint64_t i)
{
    struct train_row r = {i, 1.0f / (float)(i + 1), (double)i * 0.5, {0}};
    for (int k = 0; k < 5; k++)
        r.histogram[k] = (float)(i * 10 + (uint64_t)k);
    return r;
}

static struct simulation_row simulation(int32_t i)
{
    struct simulation_row r = {i, (uint8_t)(i % 2), -i, {0}, "", 1};
    for (int k = 0; k < 3; k++)
        r.parameters[k] = sqrt(i + k);
    snprintf(r.cause, sizeof(r.cause), "cause %d", i % 1000);
    return r;
}

static void create(struct weir_runfile **rf)
{
    ok(weir_runfile_create(path, tables, TABLES, attributes, 2, rf));
}

static void append_train(struct weir_runfile *rf, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct train_row r = train(i);
        ok(weir_runfile_append(rf, TRAIN, &r, 1));
    }
}

/* Rows first .. to - 1 of the train table are what append_train() wrote. */
static void train_is(struct weir_runfile_reader *r, uint64_t first, uint64_t to)
{
    for (uint64_t i = first; i < to; i++) {
        struct train_row want = train(i), got;
        uint64_t step;
        double loss, histogram[5];
        ok(weir_runfile_reader_read(r, "train/step", WEIR_U64, i, 1, &step));
        ok(weir_runfile_reader_read(r, "train/loss", WEIR_F64, i, 1, &loss));
        ok(weir_runfile_reader_read(r, "train/wait", WEIR_F64, i, 1,
                                    &got.wait_s));
        ok(weir_runfile_reader_read(r, "train/histogram", WEIR_F64, i, 1,
                                    histogram));
        assert_int_equal(step, want.step);
        assert_true(loss == (double)want.loss);
        assert_true(got.wait_s == want.wait_s);
        for (int k = 0; k < 5; k++)
            assert_true(histogram[k] == (double)want.histogram[k]);
    }
}

static int access_beside(const char *suffix)
{
    char name[PATH_MAX + 8];
    snprintf(name, sizeof(name), "%s%s", path, suffix);
    return access(name, F_OK);
}

static void rows_are_read_back_while_the_file_grows(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_runfile_reader *r;
    create(&rf);
    ok(weir_runfile_reader_open(path, &r));
    assert_int_equal(weir_runfile_reader_rows(r, "train"), 0);
    assert_int_equal(weir_runfile_reader_status(r), 0);
    uint64_t rows = 0;
    for (uint64_t part = 1; part < 3000; part = part * 3 + 1) {
        append_train(rf, rows, rows + part);
        rows += part;
        assert_int_equal(weir_runfile_rows(rf, TRAIN), rows);
        ok(weir_runfile_flush(rf));
        ok(weir_runfile_reader_refresh(r));
        assert_int_equal(weir_runfile_reader_rows(r, "train"), rows);
        train_is(r, rows - part, rows);
    }
    ok(weir_runfile_sync(rf));
    ok(weir_runfile_close(rf, 3));
    weir_runfile_reader_close(r);
    ok(weir_runfile_reader_open(path, &r));
    assert_int_equal(weir_runfile_reader_status(r), 3);
    train_is(r, 0, rows);
    weir_runfile_reader_close(r);
    assert_true(access_beside(".redo") < 0 && access_beside(".new") < 0);
    assert_int_equal(weir_runfile_mend(path), 0);
}

static void rows_of_a_ledger_can_be_rewritten(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_runfile_reader *r;
    create(&rf);
    for (int32_t i = 0; i < 40; i++) {
        struct simulation_row s = simulation(i);
        ok(weir_runfile_append(rf, SIMULATIONS, &s, 1));
    }
    struct simulation_row two[2] = {simulation(105), simulation(106)};
    ok(weir_runfile_put(rf, SIMULATIONS, 5, two, 2)); /* not flushed yet */
    ok(weir_runfile_flush(rf));
    struct simulation_row last = simulation(139);
    ok(weir_runfile_put(rf, SIMULATIONS, 39, &last, 1));
    struct simulation_row beyond = simulation(44);
    ok(weir_runfile_put(rf, SIMULATIONS, 44, &beyond, 1));
    assert_int_equal(weir_runfile_rows(rf, SIMULATIONS), 45);
    ok(weir_runfile_close(rf, 1));
    ok(weir_runfile_reader_open(path, &r));
    const char *base = "acquire/simulations";
    assert_int_equal(weir_runfile_reader_rows(r, base), 45);
    double id[45], p[45][3];
    char cause[45][12];
    ok(weir_runfile_reader_read(r, "acquire/simulations/id", WEIR_F64, 0, 45,
                                id));
    ok(weir_runfile_reader_read(r, "acquire/simulations/parameters", WEIR_F64,
                                0, 45, p));
    ok(weir_runfile_reader_read(r, "acquire/simulations/cause", WEIR_U8, 0, 45,
                                cause));
    for (int32_t i = 0; i < 45; i++) {
        bool moved = i == 5 || i == 6 || i == 39, gap = i >= 40 && i < 44;
        struct simulation_row want = simulation(moved ? i + 100 : i);
        assert_true(id[i] == (gap ? 0 : want.id));
        for (int k = 0; k < 3; k++)
            assert_true(p[i][k] == (gap ? 0 : want.parameters[k]));
        assert_string_equal(cause[i], gap ? "" : want.cause);
    }
    weir_runfile_reader_close(r);
}

static void columns_carry_unit_and_description(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_runfile_reader *r;
    char *big = malloc(200001);
    memset(big, 'c', 200000);
    big[200000] = '\0';
    struct weir_text text[] = {{"config", big}, {"host", ""}};
    ok(weir_runfile_create(path, tables, TABLES, text, 2, &rf));
    ok(weir_runfile_close(rf, 1));
    ok(weir_runfile_reader_open(path, &r));
    const struct weir_runfile_column *c =
        weir_runfile_reader_find(r, "train/wait");
    assert_string_equal(c->unit, "s");
    assert_string_equal(c->help, "for samples");
    assert_int_equal(c->dtype, WEIR_F64);
    c = weir_runfile_reader_find(r, "train/histogram");
    assert_string_equal(c->unit, "");
    assert_int_equal(c->width, 5);
    c = weir_runfile_reader_find(r, "acquire/simulations/cause");
    assert_true(c->text && c->width == 12);
    assert_null(weir_runfile_reader_find(r, "train/nothing"));
    size_t columns = 0, texts = 0;
    while (weir_runfile_reader_column(r, columns))
        columns++;
    assert_int_equal(columns, 10);
    for (; weir_runfile_reader_attribute(r, texts); texts++) {
        const struct weir_text *t = weir_runfile_reader_attribute(r, texts);
        if (strcmp(t->key, "config") == 0)
            assert_string_equal(t->value, big);
    }
    assert_int_equal(texts, 3);
    weir_runfile_reader_close(r);
    free(big);
}

static void reading_what_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_runfile_reader *r;
    double x[4];
    create(&rf);
    append_train(rf, 0, 3);
    ok(weir_runfile_close(rf, 1));
    ok(weir_runfile_reader_open(path, &r));
    fails(weir_runfile_reader_read(r, "train/lost", WEIR_F64, 0, 1, x),
          -ENOENT);
    fails(weir_runfile_reader_read(r, "train/loss", WEIR_F64, 0, 4, x),
          -ERANGE);
    fails(weir_runfile_reader_read(r, "train/loss", WEIR_F64, 4, 0, x),
          -ERANGE);
    fails(weir_runfile_reader_read(r, "train/loss", WEIR_F64, UINT64_MAX, 2, x),
          -ERANGE);
    ok(weir_runfile_reader_read(r, "train/loss", WEIR_F64, 1, 2, x));
    weir_runfile_reader_close(r);
    fails(weir_runfile_reader_open("/nonexistent/run.h5", &r), -ENOENT);
}

static void a_resumed_file_goes_on_from_the_counts(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_runfile_reader *r;
    create(&rf);
    append_train(rf, 0, 5000);
    for (int32_t i = 0; i < 20; i++) {
        struct simulation_row s = simulation(i);
        ok(weir_runfile_append(rf, SIMULATIONS, &s, 1));
    }
    ok(weir_runfile_close(rf, 1));
    uint64_t rows[TABLES] = {4321, 20};
    ok(weir_runfile_resume(path, tables, TABLES, attributes, 2, rows, &rf));
    assert_int_equal(weir_runfile_rows(rf, TRAIN), 4321);
    assert_int_equal(weir_runfile_rows(rf, SIMULATIONS), 20);
    append_train(rf, 4321, 6000);
    ok(weir_runfile_close(rf, 2));
    ok(weir_runfile_reader_open(path, &r));
    assert_int_equal(weir_runfile_reader_rows(r, "train"), 6000);
    assert_int_equal(weir_runfile_reader_status(r), 2);
    train_is(r, 4300, 4400);
    train_is(r, 5990, 6000);
    char cause[12];
    ok(weir_runfile_reader_read(r, "acquire/simulations/cause", WEIR_U8, 19, 1,
                                cause));
    assert_string_equal(cause, "cause 19");
    weir_runfile_reader_close(r);
    ok(weir_runfile_resume(path, tables, TABLES, attributes, 2, NULL, &rf));
    assert_int_equal(weir_runfile_rows(rf, TRAIN), 6000);
    ok(weir_runfile_close(rf, 1));
    /* More rows than there are: the old file stays as it is. */
    size_t before, after;
    unsigned char *a = scratch_read(path, &before);
    rows[TRAIN] = 6001;
    fails(weir_runfile_resume(path, tables, TABLES, NULL, 0, rows, &rf),
          -WEIR_ECORRUPT);
    says("train/");
    unsigned char *b = scratch_read(path, &after);
    assert_int_equal(before, after);
    assert_memory_equal(a, b, before);
    free(a);
    free(b);
    assert_int_equal(unlink(path), 0);
    fails(weir_runfile_resume(path, tables, TABLES, NULL, 0, rows, &rf),
          -ENOENT);
}

static void another_layout_is_not_resumed(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    create(&rf);
    ok(weir_runfile_close(rf, 1));
    struct weir_column more[] = {
        train_columns[0],
        {"extra", WEIR_F32, 0, 1, false, NULL, "not in the file"},
        {0},
    };
    struct weir_runfile_table other = tables[TRAIN];
    other.column = more;
    fails(weir_runfile_resume(path, &other, 1, NULL, 0, NULL, &rf),
          -WEIR_ECORRUPT);
    says("train/extra");
    more[1] = train_columns[1];
    more[1].dtype = WEIR_F64;
    fails(weir_runfile_resume(path, &other, 1, NULL, 0, NULL, &rf),
          -WEIR_ECORRUPT);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_runfile_reader *r;
    size_t n;
    create(&rf);
    append_train(rf, 0, 3000);
    ok(weir_runfile_close(rf, 1));
    unsigned char *bytes = scratch_read(path, &n);
    scratch_write(path, "not HDF5", 8);
    fails(weir_runfile_reader_open(path, &r), -WEIR_ECORRUPT);
    fails(weir_runfile_resume(path, tables, TABLES, NULL, 0, NULL, &rf),
          -WEIR_ECORRUPT);
    scratch_write(path, bytes, 100);
    fails(weir_runfile_reader_open(path, &r), -WEIR_ECORRUPT);
    bytes[20] ^= 1; /* in the superblock, which has a checksum */
    scratch_write(path, bytes, n);
    fails(weir_runfile_reader_open(path, &r), -WEIR_ECORRUPT);
    free(bytes);
}

static void declarations_are_checked(void **state)
{
    (void)state;
    struct weir_runfile *rf;
    struct weir_column c[3] = {train_columns[0], train_columns[1], {0}};
    struct weir_runfile_table t[2] = {tables[TRAIN], tables[TRAIN]};
    fails(weir_runfile_create(path, t, 2, NULL, 0, &rf), -EINVAL);
    says("twice");
    t[0].column = c;
    c[1].name = "step";
    fails(weir_runfile_create(path, t, 1, NULL, 0, &rf), -EINVAL);
    c[1].name = "a/b";
    fails(weir_runfile_create(path, t, 1, NULL, 0, &rf), -EINVAL);
    c[1] = train_columns[1];
    c[1].offset = sizeof(struct train_row) - 3;
    fails(weir_runfile_create(path, t, 1, NULL, 0, &rf), -EINVAL);
    c[1] = train_columns[1];
    c[1].text = true;
    fails(weir_runfile_create(path, t, 1, NULL, 0, &rf), -EINVAL);
    t[0] = tables[TRAIN];
    t[0].path = "status";
    fails(weir_runfile_create(path, t, 1, NULL, 0, &rf), -EINVAL);
    fails(weir_runfile_create("/nonexistent/run.h5", tables, 1, NULL, 0, &rf),
          -ENOENT);
    says("/nonexistent/run.h5");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(rows_are_read_back_while_the_file_grows),
        cmocka_unit_test(rows_of_a_ledger_can_be_rewritten),
        cmocka_unit_test(columns_carry_unit_and_description),
        cmocka_unit_test(reading_what_is_not_there_is_an_error),
        cmocka_unit_test(a_resumed_file_goes_on_from_the_counts),
        cmocka_unit_test(another_layout_is_not_resumed),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(declarations_are_checked),
    };
    scratch_make(dir);
    snprintf(path, sizeof(path), "%.4000s/run.h5", dir);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
