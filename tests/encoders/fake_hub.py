"""A Hugging Face Hub of one model, on this machine: as much of its HTTP interface as fetching a model takes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """Serves the files of a folder as the repository ``org/tiny``, at one commit.

    Attributes
    ----------
    url
        For HF_ENDPOINT.
    asked
        Every request line.
    """

    def __init__(self, folder: Path, *, gated: bool = False) -> None:
        self.folder, self.gated = folder, gated
        self.asked: list[str] = []
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
        return {
            line.split()[1].partition(f"/resolve/{COMMIT}/")[2]
            for line in self.asked
            if line.startswith('"GET /org/tiny/resolve/')
        }

    def reply(self, path: str) -> Reply:
        """What to answer to a path."""
        if not path.startswith(("/api/models/org/tiny", "/org/tiny/resolve/")):
            return Reply(404, headers={"X-Error-Code": "RepoNotFound"})
        if self.gated:
            return Reply(403, headers={"X-Error-Code": "GatedRepo"})
        files = {each.relative_to(self.folder).as_posix(): each for each in self.folder.rglob("*") if each.is_file()}
        if path.startswith("/api/"):
            return self._describe(path, files)
        content = files[path.partition("/resolve/")[2].partition("/")[2]].read_bytes()
        tag = hashlib.sha256(content).hexdigest()[:40]
        return Reply(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})

    def _describe(self, path: str, files: dict[str, Path]) -> Reply:
        revision = path.rpartition("/")[2] if "/revision/" in path or "/tree/" in path else "main"
        if revision not in {"main", COMMIT}:
            return Reply(404, headers={"X-Error-Code": "RevisionNotFound"})
        if "/tree/" in path:
            sizes = ((name, file.stat().st_size) for name, file in files.items())
            tree = [{"type": "file", "path": name, "size": size, "oid": "0" * 40} for name, size in sizes]
            return Reply(200, json.dumps(tree).encode(), {"X-Repo-Commit": COMMIT})
        siblings = [{"rfilename": name} for name in files]
        return Reply(200, json.dumps({"id": "org/tiny", "sha": COMMIT, "siblings": siblings}).encode())


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
        reply = self.served.reply(self.path.partition("?")[0])
        self.send_response(reply.status)
        for key, value in {"Content-Length": str(len(reply.content)), **reply.headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)
