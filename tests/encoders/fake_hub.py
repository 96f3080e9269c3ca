"""A Hugging Face Hub of one model, on this machine: as much of its HTTP interface as fetching a model takes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OFFER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"


@dataclass(frozen=True)
class Offer:
    """A pull request, and what the repository would be with it."""

    number: int
    author: str
    folder: Path

    @property
    def commit(self) -> str:
        return f"{OFFER_COMMIT[:-2]}{self.number:02d}"


class FakeHub:
    """Serves the files of a folder as the repository ``org/tiny``, at one commit.

    Parameters
    ----------
    folder
        What is in it.
    name
        What to call the repository instead.
    gated
        Whether it is given only to people who accept its conditions.
    offers
        Its open pull requests.

    Attributes
    ----------
    url
        For HF_ENDPOINT.
    asked
        Every request line.
    tokens
        What came with them.
    """

    def __init__(
        self, folder: Path, *, name: str = "org/tiny", gated: bool = False, offers: tuple[Offer, ...] = ()
    ) -> None:
        self.folder, self.name, self.gated, self.offers = folder, name, gated, offers
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        hub = self

        class Handler(_Handler):
            served = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fetched(self) -> set[str]:
        """The files whose content was asked for."""
        start = f'"GET /{self.name}/resolve/'
        return {line.removeprefix(start).split()[0].partition("/")[2] for line in self.asked if line.startswith(start)}

    def reply(self, path: str) -> Reply:
        """What to answer to a path."""
        about, content = f"/api/models/{self.name}", f"/{self.name}/resolve/"
        if not path.startswith((about, content)):
            return Reply(404, headers={"X-Error-Code": "RepoNotFound"})
        if self.gated:
            return Reply(403, headers={"X-Error-Code": "GatedRepo"})
        if path == f"{about}/discussions":
            return self._discuss()
        if path.startswith(content):
            revision, _, file = path.removeprefix(content).partition("/")
            return self._give(unquote(revision), unquote(file))
        kind, _, revision = path.removeprefix(about).removeprefix("/").partition("/")
        return self._describe(kind, unquote(revision) or "main")

    def _at(self, revision: str) -> tuple[str, dict[str, Path]] | None:
        """The commit and the files of a revision."""
        for known, commit, folder in (
            ("main", COMMIT, self.folder),
            *((f"refs/pr/{each.number}", each.commit, each.folder) for each in self.offers),
        ):
            if revision in {known, commit}:
                files = (each for each in folder.rglob("*") if each.is_file())
                return commit, {each.relative_to(folder).as_posix(): each for each in files}
        return None

    def _give(self, revision: str, file: str) -> Reply:
        found = self._at(revision)
        if found is None or file not in found[1]:
            return Reply(404, headers={"X-Error-Code": "EntryNotFound"})
        content = found[1][file].read_bytes()
        tag = hashlib.sha256(content).hexdigest()[:40]
        return Reply(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": found[0]})

    def _describe(self, kind: str, revision: str) -> Reply:
        found = self._at(revision)
        if found is None:
            return Reply(404, headers={"X-Error-Code": "RevisionNotFound"})
        commit, files = found
        sizes = {name: file.stat().st_size for name, file in files.items()}
        if kind == "tree":
            tree = [{"type": "file", "path": name, "size": size, "oid": "0" * 40} for name, size in sizes.items()]
            return Reply(200, json.dumps(tree).encode(), {"X-Repo-Commit": commit})
        siblings = [{"rfilename": name, "size": size} for name, size in sizes.items()]
        return Reply(200, json.dumps({"id": self.name, "sha": commit, "siblings": siblings}).encode())

    def _discuss(self) -> Reply:
        """All there are: a client that asked for some must look again."""
        discussions = [
            {
                "num": each.number,
                "title": "Adding `safetensors` variant of this model",
                "author": {"name": each.author},
                "createdAt": "2023-03-17T00:00:00.000Z",
                "status": "open",
                "repo": {"name": self.name, "type": "model"},
                "isPullRequest": True,
            }
            for each in self.offers
        ]
        page = {"count": len(discussions), "start": 0, "discussions": discussions}
        return Reply(200, json.dumps(page).encode())


@dataclass(frozen=True)
class Reply:
    """What a server says."""

    status: int
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    served: FakeHub

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it so
        self.served.asked.append(format % args)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.served.tokens.add(self.headers["Authorization"])
        reply = self.served.reply(self.path.partition("?")[0])
        self.send_response(reply.status)
        for key, value in {"Content-Length": str(len(reply.content)), **reply.headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)
