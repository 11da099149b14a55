"""dlt: the people of the stub API into a table of SQLite, merged by id.  ``python dlt_pipeline.py URL TOKEN FOLDER``

As its documentation does it: a resource over RESTClient with a cursor in the answer, and the SQLAlchemy destination.
"""

import sys
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator


def main() -> None:
    """Read all pages and load them."""
    url, token, folder = sys.argv[1:]
    paging = JSONResponseCursorPaginator(cursor_path="next", cursor_param="after")
    client = RESTClient(url, auth=BearerTokenAuth(token=token), paginator=paging, data_selector="items")

    @dlt.resource(name="people", primary_key="id", write_disposition="merge")  # type: ignore[untyped-decorator]  # the library is elsewhere
    def people() -> Iterator[Any]:
        yield from client.paginate("people")

    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=f"{folder}/pipelines",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder}/dlt.db"),
        dataset_name="main",
    )
    pipeline.run(people())


if __name__ == "__main__":
    main()
