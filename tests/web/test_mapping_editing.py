"""Editing a mapping on its page: problems at their lines, records read through the text before it is written."""

from __future__ import annotations

import pytest

from tests.e2e.hub_folder import HubFolder
from tests.web.test_changing import save
from tests.web.test_walk import link
from tests.web.visitor import Visitor, words

PATH = "/connections/office/mappings/contacts/edit"
TEXT = 'extends = "shipped"\n\n[custom]\nmotto = { at = "motto", optional = true }\n'
OLD = 'extends = "shipped"\n# as it was\n'


def file_of(folder: HubFolder) -> str | None:
    path = folder.path / "mappings" / "probe.contacts.toml"
    return path.read_text(encoding="utf-8") if path.exists() else None


def looked(admin: Visitor, text: str) -> str:
    """The page with the change and the records that were read through it."""
    answer = admin.post(PATH, action="look", text=text.replace("\n", "\r\n"))
    assert (answer.status_code, answer.headers.get("location")) == (303, PATH)
    for _ in range(500):
        if "hx-trigger" not in admin.get(PATH, hx_request="true").text:
            break
        admin.service._wait(0.01)
    return admin.get(PATH).text


def test_a_line_is_added_tried_with_records_and_written(admin: Visitor, folder: HubFolder) -> None:
    folder.edit("office", "1", motto="carpe diem")
    start = admin.get(PATH)
    assert "there is no file of yours yet" in words(start)
    assert "used by office.contacts, shop.contacts" in words(start)
    page = looked(admin, TEXT)
    assert file_of(folder) is None, "looking writes nothing"
    admin.post("/personal-data", show="1", back="/connections/office")
    assert "custom.motto carpe diem" in words(admin.get(PATH))
    other = Visitor(admin.service, "operator")
    assert "carpe diem" not in other.get(PATH).text
    done = admin.post(PATH, **save(admin, page))
    assert done.headers["location"] == PATH.removesuffix("/edit")
    assert file_of(folder) == TEXT
    assert "custom.motto" in words(admin.get(PATH.removesuffix("/edit")))
    entry = next(item for item in admin.store.audit.newest() if item.action == "configuration_changed")
    assert (entry.subject, entry.detail["about"]) == ("probe.contacts.toml", "office/contacts")


def test_what_is_wrong_is_named_at_its_line_and_never_written(admin: Visitor, folder: HubFolder) -> None:
    answer = admin.post(PATH, action="save", text='extends = "shipped"\n[fields]\nnam = "x"\n', seen="")
    assert answer.status_code == 409, "it was not looked at"
    answer = admin.post(PATH, action="look", text='extends = "shipped"\n[fields]\nnam = "x"\n')
    assert answer.status_code == 400
    assert "Line 3" in words(answer)
    assert "nam = &#34;x&#34;" in answer.text, "the text is still there"
    assert admin.post(PATH, action="look", text="[").status_code == 400
    assert file_of(folder) is None


def test_a_mapping_that_was_changed_meanwhile_is_not_overwritten(admin: Visitor, folder: HubFolder) -> None:
    page = looked(admin, TEXT)
    (folder.path / "mappings").mkdir()
    (folder.path / "mappings" / "probe.contacts.toml").write_text('extends = "shipped"\n# of others\n')
    answer = admin.post(PATH, **save(admin, page))
    assert answer.status_code == 409
    assert file_of(folder) == 'extends = "shipped"\n# of others\n'


def test_a_mapping_is_taken_back_to_an_earlier_version(admin: Visitor, folder: HubFolder) -> None:
    (folder.path / "mappings").mkdir()
    (folder.path / "mappings" / "probe.contacts.toml").write_text(OLD)
    admin.post(PATH, **save(admin, looked(admin, TEXT)))
    assert file_of(folder) == TEXT
    page = admin.get(link(admin.get(PATH).text, r'href="([^"]+\?version=[^"]+)"'))
    assert "# as it was" in page.text
    admin.post(PATH, **save(admin, looked(admin, OLD)))
    assert file_of(folder) == OLD
    assert admin.get(f"{PATH}?version=1").status_code == 404


def test_a_change_of_a_mapping_is_left(admin: Visitor, folder: HubFolder) -> None:
    looked(admin, TEXT)
    admin.post(PATH, action="leave")
    assert "motto" not in admin.get(PATH).text
    assert file_of(folder) is None
    assert link(admin.get(PATH.removesuffix("/edit")).text, 'href="([^"]+/edit)"') == PATH


@pytest.mark.parametrize("path", ["/connections/x/mappings/contacts/edit", "/connections/office/mappings/x/edit"])
def test_what_does_not_exist_is_not_edited(admin: Visitor, path: str) -> None:
    assert admin.get(path).status_code == admin.post(path, action="look", text="").status_code == 404
