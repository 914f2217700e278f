"""Strategies for dates, and for rules and data of any form, good or bad."""

from hypothesis import strategies as st

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -2.25]),
    st.sampled_from(["", "0", "x", "false", "2021-06-01", "2004-02", "01:AT:1#2"]),
)
ANY_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
        SCALARS,
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "0", "", "var"]) | st.text(max_size=3), inner)
    ),
    max_leaves=12,
)
WORDS = [
    *("var", "if", "and", "!", "===", "in", "+", "<", ">", "<=", ">=", "before", "after"),
    *("not-before", "not-after", "plusTime", "dccDateOfBirth", "extractFromUVCI", "reduce"),
    "or",
]
PATHS = st.sampled_from(
    ["", "a", "b", "b.0", "a.b.0", "b.01", "b.1x", "b.-1", "b.+1", "current", "accumulator", "."]
)
ANY_RULE = st.recursive(
    SCALARS
    | st.builds(lambda path: {"var": path}, PATHS)
    | st.sampled_from(["day", "month", "year", "hour"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda word, operands: {word: operands},
            st.sampled_from(WORDS),
            st.lists(inner, min_size=1, max_size=4),
        )
        | st.builds(
            lambda date, amount, unit: {"plusTime": [date, amount, unit]},
            inner,
            st.integers(-500, 500),
            st.sampled_from(["day", "month", "year", "hour"]),
        )
        | ANY_JSON
    ),
    max_leaves=12,
)
"""Anything from a good rule to no rule at all."""

_two = st.integers(0, 59).map("{:02}".format)
DATES = st.dates().map(str)
DATE_TIMES = st.builds(
    lambda date, hour, minute, second, fraction, offset: (
        f"{date}T{hour:02}:{minute}:{second}{fraction}{offset}"
    ),
    DATES,
    st.integers(0, 23),
    _two,
    _two,
    st.sampled_from(["", ".0", ".9", ".1239", ".000999999", ".12"]),
    st.sampled_from(
        ["", "Z", "+1", "-1", "+05", "-0530", "+530", "+5:30", "-05:30", "+23:59", "-23:59"]
    ),
)
ACCEPTED_DATES = st.one_of(
    DATES, DATES.map(lambda d: d[:7]), DATES.map(lambda d: d[:4]), DATE_TIMES
)
REFUSED_DATES = st.sampled_from(
    [
        *("", "2021-1-1", "21-01-01", "2021-01-01 00:00:00", "2021-01-01T00:00", "20210101"),
        *(
            "2021-01-01T00:00:00z",
            "2021-01-01t00:00:00Z",
            "2021-01-01\n",
            "\uff12\uff10\uff12\uff11",
        ),
        *("2021-01-01T00:00:00.Z", "2021-01-01T00:00:00+", "2021-01-01T00:00:00+12345", " 2021"),
        *("+2021-01-01", "2021-01-01Z", "2021-01-01T00:00:00,5Z", "2021-W01-1"),
    ]
)
