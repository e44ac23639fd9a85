"""The venue's order book and auction against a plain list."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fix.simulator.auction import cross, uncross
from fix.simulator.order_book import BookOrder, OrderBook
from risk.domain.enums import Side
from tests.oracles.order_book_naive import NaiveBook, Standing

TICK = 10
ORDERS = st.tuples(st.booleans(), st.integers(90, 110), st.integers(1, 9))
CANCELS = st.integers(0, 60)
MANY = settings(max_examples=300, deadline=None)


def levels_of(book: OrderBook) -> list[list[tuple[int, int]]]:
    return [[tuple(level) for level in side.levels()] for side in (book.bids, book.asks)]


@MANY
@given(st.lists(ORDERS | CANCELS, max_size=60))
def test_the_book_trades_like_a_plain_list(actions):
    book, naive = OrderBook(), NaiveBook()
    entered: list[BookOrder] = []
    for action in actions:
        if isinstance(action, int):
            if action < len(entered) and entered[action].leaves_qty:
                book.remove(entered[action])
                entered[action].leaves_qty = 0
                naive.cancel(entered[action].order_id)
        else:
            is_buy, ticks, qty = action
            order = BookOrder(
                str(len(entered)), Side.BUY if is_buy else Side.SELL, ticks * TICK, qty
            )
            entered.append(order)
            found = [(m.standing.order_id, m.qty, m.price_e4) for m in book.enter(order)]
            assert found == naive.enter(Standing(order.order_id, is_buy, ticks * TICK, qty))
        assert levels_of(book) == [naive.levels(True), naive.levels(False)]
    left = {order.order_id: order.leaves_qty for order in entered if order.leaves_qty}
    assert left == {order.order_id: order.qty for order in naive.orders}


@MANY
@given(st.lists(ORDERS, max_size=40), st.integers(85, 115))
def test_an_auction_finds_the_price_that_trying_every_tick_finds(orders, reference):
    book, naive = OrderBook(), NaiveBook()
    for i, (is_buy, ticks, qty) in enumerate(orders):
        book.stand(BookOrder(str(i), Side.BUY if is_buy else Side.SELL, ticks * TICK, qty))
        naive.enter(Standing(str(i), is_buy, ticks * TICK, qty), is_call=True)
    found = uncross(book.bids.levels(), book.asks.levels(), reference * TICK, TICK)

    assert found == naive.uncross(reference * TICK, TICK)
    if found is not None:
        trades = [(t.buy.order_id, t.sell.order_id, t.qty) for t in cross(book, found)]
        assert trades == naive.cross(*found)
        assert uncross(book.bids.levels(), book.asks.levels(), reference * TICK, TICK) is None
    assert levels_of(book) == [naive.levels(True), naive.levels(False)]
