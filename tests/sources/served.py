"""A site on this machine that serves, breaks, lies and refuses as sites do; and files to serve."""

from __future__ import annotations

import contextlib
import io
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import py7zr

HOME = "127.0.0.1"


class Site:
    """A server of answers: each path has a list of them, the last of which stays."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append((self.path, dict(self.headers)))
                answers = site.answers[self.path]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                self.close_connection = True
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((HOME, 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def at(self, path, *answers):
        """Answer at a path; return the address."""
        self.answers[path] = list(answers)
        return f"http://{HOME}:{self.server.server_port}{path}"

    def headers(self, name):
        """A header of each request, None where it was not sent."""
        return [headers.get(name) for _, headers in self.asked]


def send(handler, status, headers, body=b""):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, str(value))
    handler.end_headers()
    handler.wfile.write(body)


def status(code, **headers):
    """Refuse, or ask to wait, with a page that says so."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    page = b"<html>no</html>"
    return lambda handler: send(handler, code, {"Content-Length": len(page), **named}, page)


def redirect(to, code=302):
    return lambda handler: send(handler, code, {"Location": to, "Content-Length": 0})


def file(
    data,
    *,
    etag='"one"',
    kind="application/octet-stream",
    stop=None,
    announced=None,
    ranges=True,
    check=True,
    pause=0.0,
    modified=None,
):
    """A file: whole or from where it is asked, cut after `stop` bytes, its length as `announced`.

    With ``check=False`` a rest is sent whatever version is asked for.
    """

    def answer(handler):
        headers = {"Content-Type": kind}
        if etag:
            headers["ETag"] = etag
        if modified:
            headers["Last-Modified"] = modified
        start = _start(handler, etag or modified, check) if ranges else 0
        body = data[start:]
        if announced != "nothing":
            headers["Content-Length"] = len(body) if announced is None else announced
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = body if stop is None else body[:stop]
        send(handler, 206 if start else 200, headers)
        step = max(len(body) // 20, 1) if pause else len(body) or 1
        for first in range(0, len(body), step):
            handler.wfile.write(body[first : first + step])
            if pause:
                time.sleep(pause)

    return answer


def _start(handler, version, check):
    asked = handler.headers.get("Range")
    if asked is None or (check and handler.headers.get("If-Range") != version):
        return 0
    return int(asked.removeprefix("bytes=").partition("-")[0])


def chunked(data, *, whole=True):
    """A file without a length, in chunks; broken off where not whole."""

    def answer(handler):
        send(handler, 200, {"Transfer-Encoding": "chunked", "Content-Type": "text/csv"})
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if whole:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


# ---- files in the shape of INSEE's ---------------------------------------------------------------

LAYOUTS = {
    2015: ("IdINSPIRE", "I_est_cr", "Depcom", str.capitalize),
    2017: ("Idcar_200m", "I_est_200", "lcog_geo", str.capitalize),
    2019: ("idcar_200m", "i_est_200", "lcog_geo", str),
    2021: ("idcar_200m", "i_est_200", "lcog_geo", str),
}
COUNTS = ("ind", "men", "men_pauv", "ind_snv", "log_soc", "ind_0_3")


def tile_csv(vintage, crs=3035, rows=40):
    """A table of tiles as INSEE prints it: halves, tenths, quoted flags, several communes."""
    place, flag, commune, spelled = LAYOUTS[vintage]
    lines = [",".join([place, "idcar_1km", flag, commune, *map(spelled, COUNTS), "groupe"])]
    communes = ("59350", '"2A004,01004"', "0100497411", '"59512"')
    for row in range(rows):
        men = 11 + row / 10
        counts = (2.5 * men, men, men / 4, 20_123.4 * men, row, 0.5)
        lines.append(
            ",".join(
                [
                    f"CRS{crs}RES200mN{3_083_400 + 200 * (row % 7)}E{3_816_000 + 200 * row}",
                    f"CRS{crs}RES1000mN3083000E3816000",
                    f'"{row % 2}"',
                    communes[row % 4],
                    *(f"{count:.10g}" for count in counts),
                    f"g{row}",
                ]
            )
        )
    return "\n".join(lines) + "\n"


def zipped(members):
    """A zip of files by name."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return memory.getvalue()


def tile_archive(vintage, rows=40):
    """The archive of a vintage: a zip that holds a 7z until 2019, csv files since 2021."""
    stem = {2015: "Filosofi2015_", 2017: "Filosofi2017_"}.get(vintage, "") + "carreaux_200m"
    home = "metropole" if vintage == 2015 else "met"
    members = {
        f"{stem}_{home}.csv": tile_csv(vintage, rows=rows),
        f"{stem}_mart.csv": tile_csv(vintage, 5490, 3),
        f"{stem}_reun.csv": tile_csv(vintage, 2975, 4),
    }
    if vintage == 2021:
        return zipped(members)
    inner = io.BytesIO()
    with py7zr.SevenZipFile(inner, "w") as archive:
        for name, text in members.items():
            archive.writestr(text, name)
    return zipped({f"Filosofi{vintage}_carreaux_200m_csv.7z": inner.getvalue()})
