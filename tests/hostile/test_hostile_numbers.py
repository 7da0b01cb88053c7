"""Numbers at the end of 32, 53, 63 and 64 bits, in every header that takes one. PostgreSQL has its own test of it."""

from tests.hostile.numbers import HEADERS, NUMBERS, try_all_numbers
from tests.support.http import Client


def test_no_number_in_any_header_is_a_fault_of_sqlite(bob: Client) -> None:
    assert try_all_numbers(bob) == len(NUMBERS) * len(HEADERS)
