"""Likely duplicates among all customers at once, by a model that learns from the customers themselves (Fellegi and Sunter,
computed by Splink on DuckDB; the extra ``crmhub[match]``).  A one-off review: it changes nothing.

Candidates share a block (``score.blocks``) or an e-mail address.  Which agreement proves how much is not configured:
it is estimated from how often each feature agrees among pairs taken at random and among pairs that agree otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.contract.errors import HubError
from hub.identity.names import agree
from hub.identity.score import CROWDED, Features, blocks

if TYPE_CHECKING:
    from splink import Linker

FEW: Final = 50
"""Customers below which nothing can be learned."""
_PAGE = 5000
_SAMPLE = 2e6
"""Pairs taken at random: as many as a second or two of computing time."""


@dataclass(frozen=True, slots=True)
class Likely:
    """Two customers that may be one.  probability: 0..1, by the model that was learned."""

    left: str
    right: str
    probability: float


@dataclass(frozen=True, slots=True)
class Customer:
    """What of a golden customer is compared.  name: as it is shown."""

    gid: str
    name: str
    features: Features


def likely_duplicates(
    customers: Iterable[Customer], file: Path, *, least: float = 0.9, limit: int = 1000
) -> list[Likely]:
    """The most likely pairs, best first, without those whose names contradict (``names.agree``): who lives together shares
    everything else.

    customers: read once, a page in memory at a time; file: a place for the working database, which the caller removes;
    least: the probability from which a pair is told.  Raises HubError without Splink, and where there are fewer than FEW
    customers to learn from.
    """
    try:
        import duckdb
        from splink import DuckDBAPI, Linker
    except ImportError as error:
        raise HubError("The package splink is not installed", hint="Run: pip install 'crmhub[match]'") from error
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect(
        str(file), config={"autoinstall_known_extensions": False}
    )  # nothing is fetched from anywhere
    try:
        number = _fill(connection, customers)
        if number < FEW:
            raise HubError(
                f"{number} customers are too few to learn from: {FEW} are needed",
                hint="Use `crmhub record search` to look for them by name",
            )
        connection.execute(_WORST_WORD)
        database = DuckDBAPI(connection)
        linker = Linker(database.register("customers"), _settings(), log_level=logging.ERROR)
        _learn(linker, connection)
        found = linker.inference.predict(threshold_match_probability=least, warning_mode="never")
        rows = connection.execute(
            f"""SELECT gid_l, gid_r, match_probability, ours.shown, theirs.shown FROM {found.physical_name}
            JOIN customers AS ours ON ours.gid = gid_l JOIN customers AS theirs ON theirs.gid = gid_r
            ORDER BY match_probability DESC, gid_l, gid_r"""  # noqa: S608  # a name that Splink made
        )
        told = (Likely(*row[:3]) for row in _each(rows) if agree(*row[3:]) is not False)
        return list(islice(told, limit))
    finally:
        connection.close()


def _each(rows: Any) -> Iterator[Any]:
    while page := rows.fetchmany(_PAGE):
        yield from page


def _fill(connection: Any, customers: Iterable[Customer]) -> int:
    """Put the customers into a table; returns how many there are."""
    import pyarrow as pa

    texts, lists = (
        ("gid", "shown", "kind", "name", "birth_date", "code"),
        ("words", "emails", "phones", "postal", "streets", "blocks"),
    )
    schema = pa.schema([*((name, pa.string()) for name in texts), *((name, pa.list_(pa.string())) for name in lists)])
    number, pages = 0, iter(customers)
    connection.register("page", pa.Table.from_pylist([], schema=schema))
    connection.execute("CREATE TABLE everybody AS SELECT * FROM page")
    while page := list(islice(pages, _PAGE)):
        connection.register("page", pa.Table.from_pylist([_row(item) for item in page], schema=schema))
        connection.execute("INSERT INTO everybody SELECT * FROM page")
        number += len(page)
    connection.execute(
        """CREATE TABLE customers AS
        WITH shared AS (SELECT gid, unnest(blocks) AS block FROM everybody),
        crowded AS (SELECT block FROM shared GROUP BY block HAVING count(*) > ?),
        searched AS (
            SELECT gid, list(block ORDER BY block) AS blocks FROM shared ANTI JOIN crowded USING (block) GROUP BY gid
        )
        SELECT everybody.* REPLACE (searched.blocks AS blocks) FROM everybody LEFT JOIN searched USING (gid)""",
        [2 * CROWDED],  # both sides of a comparison are in this table
    )
    connection.execute("DROP TABLE everybody")
    return number


def _row(customer: Customer) -> dict[str, Any]:
    """One customer; what is not known is NULL, never empty: nothing says nothing."""
    of = customer.features
    return {
        "gid": customer.gid,
        "shown": customer.name,
        "kind": of.kind or "person",
        "name": " ".join(sorted(of.name)) or None,
        "birth_date": of.birth_date or None,
        "code": next((place[0] for place in of.places if place[0]), None),
        "words": list(of.name) or None,
        "emails": list(of.emails) or None,
        "phones": list(of.phones) or None,
        "postal": [place[0] for place in of.places if place[0]] or None,
        "streets": [place[2] for place in of.places if place[2]] or None,
        "blocks": [*blocks(of), *(f"address:{item}" for item in of.emails)],
    }


def _settings() -> Any:
    import splink.comparison_library as compare
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="gid",
        blocking_rules_to_generate_predictions=[block_on("blocks", "kind", arrays_to_explode=["blocks"])],
        comparisons=[
            compare.CustomComparison(output_column_name="name", comparison_levels=_name_levels()),
            compare.DamerauLevenshteinAtThresholds("birth_date", [1]),
            compare.ArrayIntersectAtSizes("emails", [1]),
            compare.ArrayIntersectAtSizes("phones", [1]),
            compare.ArrayIntersectAtSizes("postal", [1]),
            compare.ArrayIntersectAtSizes("streets", [1]),
        ],
        retain_intermediate_calculation_columns=False,
    )


_WORST_WORD = """CREATE MACRO worst_word(xs, ys) AS
    CASE WHEN len(xs) <= len(ys)
    THEN list_min([list_max([jaro_winkler_similarity(x, y) FOR y IN ys]) FOR x IN xs])
    ELSE list_min([list_max([jaro_winkler_similarity(x, y) FOR x IN xs]) FOR y IN ys]) END"""
"""How well the worst word of the shorter name is found in the longer one: people of one household share a family name."""


def _name_levels() -> list[Any]:
    import splink.comparison_level_library as level

    return [
        level.NullLevel("words"),
        *(
            level.CustomLevel(f"worst_word(words_l, words_r) >= {least}", f"every word {least}")
            for least in (0.99, 0.9, 0.8)
        ),
        level.ElseLevel(),
    ]


_SURE: Final = (
    "l.name = r.name AND l.birth_date = r.birth_date",
    "l.name = r.name AND list_has_any(l.streets, r.streets)",
)
"""Pairs that are one beyond doubt, which are to be some six of ten."""


def _learn(linker: Linker, connection: Any) -> None:
    """Estimate how rare each agreement is at random, then how common among pairs that agree otherwise.  A feature that
    too few have keeps the values that Splink starts with."""
    from splink import block_on
    from splink.internals.exceptions import EMTrainingException

    training = linker.training
    if _some_sure(connection):
        training.estimate_probability_two_random_records_match(list(_SURE), recall=0.6)
    training.estimate_u_using_random_sampling(max_pairs=_SAMPLE, seed=1)
    for rule in (block_on("name"), block_on("birth_date"), block_on("code")):
        with suppress(EMTrainingException):  # nobody shares it: nothing to learn from
            training.estimate_parameters_using_expectation_maximisation(rule)


def _some_sure(connection: Any) -> bool:
    """Whether any two customers are one beyond doubt: else how many there are cannot be estimated, and one pair in ten
    thousand is assumed."""
    sure = " UNION ALL ".join(
        f"(SELECT 1 FROM customers l JOIN customers r ON l.gid < r.gid AND {rule} LIMIT 1)"  # noqa: S608  # our own rules
        for rule in _SURE
    )
    return bool(connection.execute(sure).fetchall())
