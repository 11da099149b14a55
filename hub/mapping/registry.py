"""Find mapping files: a user's file replaces the shipped one of the same name, or extends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.mapping.errors import Issue, MappingError
from hub.mapping.parse import parse_mapping
from hub.mapping.spec import MappingSpec


def load_mappings(
    folders: Sequence[Path], *, own: Sequence[Path] = (), drafts: Mapping[Path, str] | None = None
) -> Mapping[str, MappingSpec]:
    """All mappings by name (the file's name without .toml).

    folders: where plugins ship their mappings; a missing folder holds none.
    own:     the user's folders, later ones win; ``extends = "shipped"`` refers to the file of that name in ``folders``.
    drafts:  what files of the user's folders would say, instead of what they say or where there are none yet.

    Raises MappingError with the problems of all files at once.
    """
    drafts = {} if drafts is None else drafts
    issues: list[Issue] = []
    shipped: dict[str, MappingSpec] = {}
    for path in _files(folders):
        if path.stem in shipped:
            other = shipped[path.stem].file
            issues.append(Issue(str(path), 0, f"mapping {path.stem!r} is shipped twice, also in {other}"))
            continue
        _load(path, None, shipped, issues)
    found = dict(shipped)
    for path in dict.fromkeys([*_files(own), *drafts]):
        _load(path, shipped.get(path.stem), found, issues, drafts.get(path))
    if issues:
        raise MappingError(issues)
    return found


def _files(folders: Sequence[Path]) -> list[Path]:
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.toml"))]


def _load(
    path: Path, shipped: MappingSpec | None, into: dict[str, MappingSpec], issues: list[Issue], draft: str | None = None
) -> None:
    try:
        text = path.read_text(encoding="utf-8-sig") if draft is None else draft
    except UnicodeDecodeError as error:
        issues.append(Issue(str(path), 0, f"not UTF-8: {error.reason} at byte {error.start}"))
        return
    try:
        into[path.stem] = parse_mapping(text, name=path.stem, file=str(path), shipped=shipped)
    except MappingError as error:
        issues += error.issues
