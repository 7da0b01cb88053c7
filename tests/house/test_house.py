"""The house rules that no linter holds: no import cycle, not even for type checking, and sizes that can be read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import davdrive

ROOT = Path(davdrive.__file__).parent
FILE_LINES = 400
"""Past this a file holds more than one idea."""
FUNCTION_LINES = 50
"""With decorators and docstring; past this a function no longer fits on a screen."""

Imports = dict[str, set[str]]


def sources(root: Path) -> dict[str, Path]:
    """Every module of the package at `root` by its dotted name."""
    return {dotted(path.relative_to(root.parent)): path for path in sorted(root.rglob("*.py"))}


def dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(root: Path) -> Imports:
    """What each module imports of its own package, wherever the statement stands: in a function, under `if`."""
    modules = sources(root)
    return {name: set(imported(name, path, modules)) - {name} for name, path in modules.items()}


def imported(name: str, path: Path, modules: dict[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(parse(path)):
        for target, member in targets(node, package):
            whole = f"{target}.{member}"
            yield from [known for known in (whole, target) if known in modules][:1]


def targets(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """The module and the name of each import; the name is a module too if there is one of that name."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        yield from ((base, alias.name) for alias in node.names)


def cycles(imports: Imports) -> list[str]:
    """A shortest cycle for every group of modules that import each other, as `a -> b -> a`."""
    found: dict[frozenset[str], str] = {}
    for start in sorted(imports):
        way = way_back(imports, start)
        if way:
            found.setdefault(frozenset(way), " -> ".join(way))
    return list(found.values())


def way_back(imports: Imports, start: str) -> list[str]:
    """The shortest way from a module over its imports to itself; empty if there is none."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for after in sorted(imports[way[-1]] - seen):
            if after == start:
                return [*way, start]
            seen.add(after)
            ways.append([*way, after])
    return []


def readable(root: Path) -> dict[Path, ast.Module]:
    """The files that the sizes are for. A migration is a record: written once and never changed."""
    return {path: parse(path) for path in sources(root).values() if "migrations" not in path.parts}


def long_functions(root: Path) -> Iterator[str]:
    for path, tree in readable(root).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > FUNCTION_LINES:
                yield f"{path.relative_to(root.parent)}:{node.lineno} {node.name} has {length(node)} lines"


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return (node.end_lineno or first) - first + 1


def long_files(root: Path) -> Iterator[str]:
    for path in readable(root):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES:
            yield f"{path.relative_to(root.parent)} has {lines} lines"


def package(root: Path, **files: str) -> Path:
    """A small package `small` with these modules."""
    small = root / "small"
    small.mkdir()
    for name, text in {"__init__": "", **files}.items():
        (small / f"{name}.py").write_text(text, encoding="utf-8")
    return small


def test_no_module_imports_itself_over_others_even_for_type_checking() -> None:
    imports = imports_of(ROOT)
    assert "davdrive.server.connection" in imports["davdrive.server.http"], "the imports are read"
    assert cycles(imports) == []


def test_every_file_is_short_enough_to_be_one_idea() -> None:
    assert list(long_files(ROOT)) == []


def test_every_function_fits_on_a_screen() -> None:
    assert list(long_functions(ROOT)) == []


def test_a_cycle_over_type_checking_and_relative_imports_is_named(tmp_path: Path) -> None:
    small = package(
        tmp_path,
        a="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from small.b import B\n",
        b="from . import c\n",
        c="def late():\n    from .a import A\n",
        d="import small.a\n",
    )
    assert cycles(imports_of(small)) == ["small.a -> small.b -> small.c -> small.a"]


def test_files_and_functions_at_their_limit_pass_and_one_past_it_are_named(tmp_path: Path) -> None:
    body = "    pass\n"
    small = package(
        tmp_path,
        at="x = 1\n" * FILE_LINES,
        past="x = 1\n" * (FILE_LINES + 1),
        functions=f"def fits():\n{body * (FUNCTION_LINES - 1)}@print\ndef too_long():\n{body * (FUNCTION_LINES - 1)}",
    )
    assert list(long_files(small)) == ["small/past.py has 401 lines"]
    assert list(long_functions(small)) == ["small/functions.py:52 too_long has 51 lines"]


def test_every_folder_of_the_package_is_installed_with_it() -> None:
    folders = {file.parent for file in ROOT.rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
