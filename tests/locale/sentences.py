"""The sentences of errors in the source: every literal that reaches ``say``, a ``Problem`` or a ``RunError``."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# The arguments of a call that people read as sentences, by place and by name.
PROBLEM = {1: "what", 2: "remedy", 6: "bound"}
SINKS = {
    "say": {0: ""},
    "Problem": PROBLEM,
    "RunError": {0: "said"},
    "complaints.add": {0: "what", 1: "remedy", 5: "bound"},
    "self.add": {0: "what", 1: "remedy", 5: "bound"},
    "self.wrong": {1: "what", 2: "remedy", 3: "bound"},
    "complaints.number": {5: "unit"},
    "_wrong": {1: "what", 3: "bound"},
    "cell.wrong": {1: "what", 2: "remedy", 3: "bound"},
    "cell.code": {2: "what"},
}
# Rooms whose ValueErrors pydantic hands on to people.
VALIDATORS = ("clock.py", "parameter.py", "schema.py", "schema_terms.py", "schema_forces.py", "schema_day.py")
WORDS = re.compile("[A-Za-z]{2}")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Found:
    """What a tree holds: sentences with the places they stand at, and texts put together before they are told."""

    sentences: dict[str, set[str]] = field(default_factory=dict)
    offences: list[str] = field(default_factory=list)


def name_of(function: ast.expr) -> str:
    """``say``, or ``complaints.add`` whatever the complaints belong to."""
    if isinstance(function, ast.Attribute):
        owner = function.value.attr if isinstance(function.value, ast.Attribute) else getattr(function.value, "id", "")
        return f"{owner}.{function.attr}"
    return getattr(function, "id", "")


def assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What the names of a scope are set to, functions inside it left out."""
    values: dict[str, list[ast.expr]] = {}
    nodes = list(ast.iter_child_nodes(scope))
    while nodes:
        node = nodes.pop()
        if isinstance(node, Function):
            continue
        nodes += ast.iter_child_nodes(node)
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for one, value in pairs:
                if isinstance(one, ast.Name):
                    values.setdefault(one.id, []).append(value)
    return values


def told(argument: ast.expr, scopes: list[dict[str, list[ast.expr]]]) -> Iterator[str | ast.expr]:
    """The literals an argument may be, and the expressions that put a text together."""
    match argument:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from told(argument.body, scopes)
            yield from told(argument.orelse, scopes)
        case ast.JoinedStr() | ast.BinOp():
            parts = [part.value for part in ast.walk(argument) if isinstance(part, ast.Constant)]
            if any(isinstance(part, str) and WORDS.search(part) and " " in part for part in parts):
                yield argument
        case ast.Name():
            for scope in reversed(scopes):
                if argument.id in scope:
                    for value in scope[argument.id]:
                        yield from told(value, scopes)
                    break


def sentences_of(path: Path) -> Found:
    """Everything one file tells people when something is wrong."""
    found = Found()

    def visit(node: ast.AST, scopes: list[dict[str, list[ast.expr]]]) -> None:
        if isinstance(node, Function):
            scopes = [*scopes, assigned(node)]
        if isinstance(node, ast.Call):
            name = name_of(node.func)
            places = {0: ""} if name == "ValueError" and path.name in VALIDATORS else SINKS.get(name, {})
            arguments = [argument for place, argument in enumerate(node.args) if place in places]
            arguments += [keyword.value for keyword in node.keywords if keyword.arg in places.values()]
            for text in (text for argument in arguments for text in told(argument, scopes)):
                where = f"{path.name}:{node.lineno}"
                if not isinstance(text, str):
                    found.offences.append(f"{where}: {ast.unparse(text)}")
                elif WORDS.search(text):
                    found.sentences.setdefault(text, set()).add(where)
        for child in ast.iter_child_nodes(node):
            visit(child, scopes)

    tree = ast.parse(path.read_text(encoding="utf-8"))
    visit(tree, [assigned(tree)])
    return found
