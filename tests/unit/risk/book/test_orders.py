"""A ClOrdID(11) is an index into the day; anything else is unknown."""

import pytest

from risk.book.orders import DayOrders


@pytest.fixture
def orders() -> DayOrders:
    """Two orders, then a cancel request of the first."""
    orders = DayOrders(20260706)
    orders.add(1)
    orders.add(2)
    orders.add_cancel(3, 1)
    return orders


@pytest.mark.parametrize(
    ("cl_ord_id", "row"),
    [
        ("260706000001", 1),
        ("260706000002", 2),
        ("260706000003", -1),
        ("260706000000", 0),
        ("260706000004", 0),
        ("260705000001", 0),
        ("26070600001", 0),
        ("2607060000001", 0),
        ("260706+00001", 0),
        ("260706 00001", 0),
        ("26070600000_1", 0),
        ("26070600000１", 0),
        ("260706000001" + "0" * 5_000, 0),
        ("260706", 0),
        ("", 0),
    ],
)
def test_only_ids_as_we_write_them_are_found(orders: DayOrders, cl_ord_id: str, row: int) -> None:
    assert orders.find(cl_ord_id) == row


def test_numbers_are_given_in_turn(orders: DayOrders) -> None:
    assert orders.next_number == 4
    with pytest.raises(AssertionError, match="out of turn"):
        orders.add(6)


def test_a_number_of_seven_digits_is_found() -> None:
    orders = DayOrders(20260706)
    for number in range(1, 1_000_002):
        orders.add_cancel(number, 1)
    assert orders.cl_ord_id(1_000_001) == "2607061000001"
    assert orders.find("2607061000001") == -1
