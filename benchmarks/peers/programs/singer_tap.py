"""Singer: a tap for the people of the stub API, made with the Singer SDK as its documentation does it."""

from typing import Any, ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator

FIELDS = (
    *("etag", "updated", "salutation", "firstname", "lastname", "birth_date", "language", "company", "jobtitle"),
    *("email", "email2", "phone", "mobile", "fax", "website", "street", "city", "state", "zip", "country"),
    *("home_street", "home_city", "home_zip", "owner", "notes"),
)


class People(RESTStream):  # type: ignore[misc]  # the library is in an environment of its own
    """All people, page by page."""

    name = "people"
    path = "/people"
    primary_keys: ClassVar = ["id"]
    records_jsonpath = "$.items[*]"
    next_page_token_jsonpath = "$.next"  # noqa: S105  # of paging
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True), *(th.Property(name, th.StringType) for name in FIELDS)
    ).to_dict()

    @property
    def url_base(self) -> str:
        return str(self.config["url"])

    @property
    def authenticator(self) -> Any:
        return BearerTokenAuthenticator(token=self.config["token"])

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:
        return {"after": next_page_token} if next_page_token else {}


class StubTap(Tap):  # type: ignore[misc]  # the same
    """The tap."""

    name = "tap-stub"
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True), th.Property("token", th.StringType, required=True)
    ).to_dict()

    def discover_streams(self) -> list[People]:
        return [People(self)]


if __name__ == "__main__":
    StubTap.cli()
