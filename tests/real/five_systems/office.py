"""The five systems, the people who work in them without the hub, and the wires that count the hub's calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from crmhub_bottlecrm.bench import Person as CrmUser
from crmhub_vendure.bench import Person as ShopUser
from crmhub_vendure.bench import person_of
from crmhub_zoho.sandbox import ZohoSandbox, ZohoSwitches
from hub.demo.people import Customer, Population
from hub.demo.people_at_work import BookUser, ErpUser, card_of
from hub.demo.story import cache_folder
from hub.testing.bottlecrm_server import NoPython, find_python, run_inside
from hub.testing.kit import Wire
from hub.testing.sandbox import running
from hub.testing.servers import RunningServer, prepared_servers, start_bottlecrm, start_radicale, start_tryton
from hub.testing.vendure_server import missing, start_vendure
from tests.real.five_systems.people import SYSTEMS, Crowd, as_account, as_contact, as_shopper, as_zoho, note

_CACHE = prepared_servers()
_AT_A_TIME = 4
CONFIG = """\
[hub]
region = "DE"

[connections.erp]
plugin = "tryton"
url = "{erp}"
database = "{database}"
user = "{user}"
password = {{ file = "secrets/erp" }}

[connections.book]
plugin = "carddav"
url = "{book}"
user = "office"
password = {{ file = "secrets/book" }}

[connections.shop]
plugin = "vendure"
url = "{shop}/admin-api"
user = "{shop_user}"
password = {{ file = "secrets/shop" }}
key_field = "{key_field}"

[connections.crm]
plugin = "bottlecrm"
url = "{crm}"
token = {{ file = "secrets/crm" }}

[connections.zoho]
plugin = "zoho"
client_id = "{client_id}"
client_secret = {{ file = "secrets/zoho" }}
refresh_token = {{ file = "secrets/zoho-refresh" }}
accounts_url = "{zoho}"
api_url = "{zoho}"
modules = ["Contacts", "Accounts"]

[syncs.customers]
systems = ["erp", "book", "shop", "crm", "zoho"]        # in order of trust
"""


def lacking() -> str:
    """What this machine lacks to run the five systems; "" if nothing."""
    try:
        find_python()
    except NoPython as error:
        return str(error)
    return missing()


class Office:
    """The five systems and their users.  wires: system -> the wire through which the hub, and only the hub, calls it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        starts: dict[str, Callable[[], RunningServer]] = {
            "erp": lambda: start_tryton(folder / "erp", cache=cache_folder()),
            "book": lambda: start_radicale(folder / "book", user="office", books=("book",)),
            "shop": lambda: start_vendure(folder / "shop", cache=_CACHE),
            "crm": lambda: start_bottlecrm(folder / "crm", cache=_CACHE),
        }
        with ThreadPoolExecutor() as pool:
            waiting = {name: pool.submit(start) for name, start in starts.items()}
        self.servers = {name: stack.enter_context(made.result()) for name, made in waiting.items()}
        self.sandbox = stack.enter_context(running(ZohoSandbox(switches=ZohoSwitches(quota=None))))
        self.erp = ErpUser(self.servers["erp"])
        self.book = BookUser(self.servers["book"])
        self.shop: ShopUser = person_of(self.servers["shop"])
        crm = self.servers["crm"]
        self.crm = stack.enter_context(CrmUser(crm.url, crm.details["person"]["token"]))
        self.zoho = self.sandbox.user
        urls = {name: server.url for name, server in self.servers.items()} | {"zoho": self.sandbox.url}
        self.wires = {name: stack.enter_context(Wire(urls[name])) for name in SYSTEMS}
        self._configure()

    def secret(self, name: str, value: str) -> None:
        """What the admin keeps beside the configuration."""
        file = self.folder / "secrets" / name
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(value, encoding="utf-8")

    def _configure(self) -> None:
        given = self.sandbox.credentials()
        details = {name: server.details for name, server in self.servers.items()}
        self.secret("erp", details["erp"]["password"])
        self.secret("book", details["book"]["password"])
        self.secret("shop", details["shop"]["password"])
        self.secret("crm", details["crm"]["admin"]["token"])
        self.secret("zoho", given["client_secret"])
        self.secret("zoho-refresh", given["refresh_token"])
        text = CONFIG.format(
            **{name: wire.url for name, wire in self.wires.items() if name != "book"},
            book=self.wires["book"].through(details["book"]["books"]["book"]),
            database=details["erp"]["database"],
            user=details["erp"]["user"],
            shop_user=details["shop"]["user"],
            key_field=details["shop"]["key_field"],
            client_id=given["client_id"],
        )
        (self.folder / "crmhub.toml").write_text(text, encoding="utf-8")

    # entering

    def fill(self, people: Crowd) -> None:
        """Everybody is entered where they are known, by people who know nothing of the other systems."""
        entered = Population(list(people.customers), [("erp", number) for number in people.doubles])
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            done = [
                pool.submit(self.erp.fill, entered),
                pool.submit(self._fill_book, people),
                *(pool.submit(self.enter, "shop", item) for item in people.of("shop")),
                *(pool.submit(self.enter, "crm", item) for item in people.of("crm")),
            ]
        for one in done:
            one.result()
        for item in people.of("zoho"):
            self.enter("zoho", item)

    def _fill_book(self, people: Crowd) -> None:
        self.book.fill(Population([item for item in people.customers if "book" in item.systems]))
        for item in people.of("book"):
            if text := note(item, "book"):
                self.book.change(f"person-{item.number}.vcf", "END:VCARD", f"NOTE:{text}\r\nEND:VCARD")

    def enter(self, system: str, item: Customer) -> None:
        """One customer more in the shop, BottleCRM or Zoho."""
        if system == "zoho":
            self.zoho.create(*as_zoho(item))
        elif system == "crm" and item.kind == "organisation":
            self.crm.create("accounts", as_account(item))
        elif system == "crm":
            self.crm.create("contacts", as_contact(item))
        else:
            made = self.shop.creates(**as_shopper(item))
            if item.street:
                place = {"streetLine1": item.street, "postalCode": item.postal_code, "city": item.city}
                self.shop.adds_address(made, fullName=item.full, countryCode=item.country, **place)

    def enter_party(self, item: Customer) -> None:
        """One customer more in Tryton."""
        self.erp.fill(Population([item]))

    def enter_card(self, item: Customer) -> None:
        """One customer more in the address book."""
        self.book.put(f"person-{item.number}.vcf", card_of(item))

    # what an administrator does when something is wrong

    def revoke_token(self) -> None:
        """Somebody revokes the hub's token in BottleCRM."""
        token = self.servers["crm"].details["admin"]["token_id"]
        run_inside(
            self.servers["crm"], _INSIDE + f"PersonalAccessToken.objects.filter(id='{token}').update(revoked_at=now())"
        )

    def new_token(self) -> None:
        """The administrator makes a new one and puts it where the configuration says."""
        user = self.servers["crm"].details["admin"]["user"]
        made = run_inside(
            self.servers["crm"],
            _INSIDE + f"print(PersonalAccessToken.generate(Profile.objects.get(user_id='{user}'), 'hub again')[0])",
        )
        self.secret("crm", made.splitlines()[-1])

    def calls(self) -> dict[str, int]:
        """How many requests have reached each system through its wire."""
        return {name: len(wire.sent) for name, wire in self.wires.items()}


_INSIDE = """
import django

django.setup()
from common.models import PersonalAccessToken, Profile
from django.utils.timezone import now

"""
