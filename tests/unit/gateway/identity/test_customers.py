"""Customers are checked before they are written and read back as they were."""

import tempfile
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial import unittest

from gateway.identity.customers import Contact, CustomerNotValid, checked
from risk.domain.enums import Language
from tests.builders.identity import SetClock, a_customer, an_identity


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"account_no": "12"}, "account_no must be 4 to 12 digits, was '12'"),
        ({"account_no": "1234567890123"}, "account_no"),
        ({"name": ""}, "name must be 1 to 64 printable"),
        ({"name": "a\nb"}, "name"),
        ({"mobile": "13800138000"}, "mobile must be empty or like"),
        ({"email": "nobody"}, "email must be empty or like name@example.com, was 'nobody'"),
        ({"email": "a@b\r\nBcc: c"}, "email"),
        ({"branch_code": "1"}, "branch_code must be five digits, was '1'"),
        ({"branch_code": ""}, "branch_code"),
    ],
)
def test_a_customer_of_wrong_shape_is_not_taken(changed: dict[str, str], problem: str) -> None:
    with pytest.raises(CustomerNotValid) as caught:
        checked(a_customer(**changed))
    assert problem in str(caught.value)


class CustomerTests(unittest.TestCase):
    def setUp(self) -> None:
        self.identity = an_identity(Path(tempfile.mkdtemp()), reactor, SetClock())
        self.identity.start()
        self.addCleanup(self.identity.stop)

    async def test_a_customer_is_found_and_replaced(self) -> None:
        customers = self.identity.customers
        assert await customers.find("10000001") is None
        await customers.put(a_customer(mobile="", email=""))
        await customers.put(a_customer(language=Language.EN))

        assert await customers.find("10000001") == a_customer(language=Language.EN)

    async def test_the_contact_of_an_account_is_read_on_a_thread(self) -> None:
        await self.identity.customers.put(a_customer())

        contact = await deferToThread(self.identity.customers.contact_of, "10000001")
        nobody = await deferToThread(self.identity.customers.contact_of, "10000009")

        expected = Contact("张三", "+8613800138000", "zhang@example.com", Language.ZH)
        assert (contact, nobody) == (expected, None)
