"""A second verifier, written from manifests/FORMAT.md alone: python second_opinion.py EVIDENCE TRUSTED_KEYS [HEAD]

Prints what it finds on items, one finding a line, and ends with the exit code of section 12. It shares no code with
evtool and needs blake3, pynacl, and ssh-keygen, which says whom the user trusts. It knows no signatures of security
keys. What names, fields and lines look like stands in tables.toml; V1 and C1 are steps of sections 11 and 10.
"""

# fmt: off
# ruff: noqa: E401, E701, I001
# Kept to 200 lines of code, so that it can be read in one sitting.
import base64, datetime, functools, hashlib, json, os, pathlib, re, stat, subprocess, sys, tomllib, unicodedata
from typing import Any

import blake3, nacl.exceptions, nacl.signing

Table = dict[str, Any]
Things = dict[bytes, str]
TABLES: Table = tomllib.loads(pathlib.Path(__file__).with_name("tables.toml").read_text("utf-8"))

def need(condition: object) -> None:  # what cannot be read is a ValueError
    if not condition: raise ValueError

def sha256(data: bytes) -> bytes: return hashlib.sha256(data).digest()

def read(path: bytes, limit: int = 2**40) -> bytes:
    need(os.path.getsize(path) <= limit)
    return pathlib.Path(os.fsdecode(path)).read_bytes()

def store(name: bytes) -> str:  # section 4
    text = re.split("([%\0-\x1f\x7f-\x9f\udc80-\udcff])", name.decode("utf-8", "surrogateescape"))
    text[1::2] = ["".join(f"%{byte:02X}" for byte in one.encode("utf-8", "surrogateescape")) for one in text[1::2]]
    return "".join(text)

def unstore(stored: str) -> bytes:
    name = re.sub(rb"%([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), stored.encode())
    need(store(name) == stored)
    return name

def signer(armored: bytes, message: bytes) -> str:  # section 9; "" if it does not verify; libsodium sees to item 5
    match = re.fullmatch(TABLES["armor"].encode(), armored)
    text = base64.b64encode(blob := base64.b64decode(match[1]) if match and len(armored) <= 4096 else b"")
    need(match and match[1] == b"".join(text[at : at + 70] + b"\n" for at in range(0, len(text), 70)))
    parts: Any = re.fullmatch(TABLES["signature"].replace("\n", "").encode(), blob, re.DOTALL)
    need(parts and parts["size"][0] == len(parts["namespace"]))
    digest = hashlib.new(parts["hash"].decode(), message).digest()
    try:
        signed = b"SSHSIG" + parts["signed"] + len(digest).to_bytes(4, "big") + digest
        nacl.signing.VerifyKey(parts["point"]).verify(signed, parts["raw"])
    except nacl.exceptions.BadSignatureError: return ""
    ours = parts["namespace"] == b"evtool-custody-v1"
    return "SHA256:" + base64.b64encode(sha256(parts["key"])).decode().rstrip("=") if ours else ""

def read_entry(data: bytes) -> Table:  # section 8
    entry = tomllib.loads(data.decode())
    need(all(len(one.partition("=")[0]) <= 128 or one.startswith('    "') for one in data.decode().split("\n")))
    text = json.dumps(entry, default=lambda one: [str(one)], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    need(re.fullmatch(TABLES["entry"].replace("\n", ""), text, re.DOTALL) and (seal := entry["sealed"]))
    need((entry["sequence"] == 1) != ("previous" in entry) and "".join(seal["exclude"]).isprintable())
    need(seal["items"] <= seal["lines"] < 2**53 and seal["first_item"] < 2**53)
    return entry

def read_chain(custody: bytes, stems: list[str], trust: str, codes: set[int]) -> list[tuple[Table, bytes]]:
    links, before = list[tuple[Table, bytes]](), (0, b"", b"")
    codes.add(0 if [int(stem[:4]) for stem in stems] == list(range(1, len(stems) + 1)) else 1)  # C1
    for stem in stems:
        name, number, previous = os.path.join(custody, stem.encode() + b".toml"), int(stem[:4]), before
        try:
            data, armored = read(name, 65536), read(name + b".sig", 16384)
            before = (number, sha256(data), sha256(armored))
            key = signer(armored, data)  # C2
            need(key or not signer(armored.replace(b"\r\n", b"\n"), data.replace(b"\r\n", b"\n")))  # V3: line ends
            entry: Table = read_entry(data) if key else {"sequence": 0, "event": ""}  # C3
        except (ValueError, OSError) as error:
            codes.add(1 if isinstance(error, FileNotFoundError) else 4)
            continue
        stated = [entry.get("previous", {}).get(name) for name in ("entry", "signature")]
        follows = stated == [one.hex() for one in previous[1:]] or not 0 < previous[0] == number - 1  # C6
        same = not links or links[0][0]["collection"] == entry.get("collection")  # C7
        named = f"{entry['sequence']:04d}-{entry['event']}" == stem  # C4, and signatures that do not verify
        codes.add(0 if named and follows and same and entry["key"] == key else 1)  # C5
        if named:
            command: list[Any] = [*TABLES["ssh_verify"], trust, "-I", entry["agent"], "-s", name + b".sig"]
            run = subprocess.run(command, input=data, capture_output=True, check=False)
            codes.add(3 if run.returncode else 0)  # V5
            links.append((entry, before[1]))
    return links

def read_statement(line: bytes) -> Table:  # sections 5.1 and 5.2
    text = line.decode() if len(line) <= 65536 else ""
    one: Table = next((match.groupdict() for form in TABLES["statements"] if (match := re.fullmatch(form, text))), {})
    one |= {name: int(one[name]) for name in {"item", "size", "lines"} & one.keys()}
    one |= {name: unstore(re.sub(r'\\(["\\])', r"\1", one[name])) for name in {"path", "target"} & one.keys()}
    need(one and all(one.get(name, 0) < 2**53 for name in ("item", "size", "lines")))
    need(b"\0" not in one.get("path", b"") and not {b"", b".", b".."} & set(one.get("path", b"x").split(b"/")))
    need(datetime.date.fromisoformat((one.get("mtime") or "1970-01-01")[:10]))
    return one

def read_manifest(data: bytes, seal: Table, items: dict[int, Table]) -> tuple[int, bool]:  # V8: exit code; is it whole?
    nodes, gap, whole, fault, last_key, open_item = [(b"", 0)], False, True, False, b"", 0
    (*lines, rest), place = data.split(b"\n"), 2 * seal["first_item"] - 1
    for line in lines:
        node, leaves = sha256(b"\0" + line), 1
        try:
            one = read_statement(line)
            if "hash" in one:
                need(one["lines"] & (one["lines"] - 1) == 0 == sum(size for _, size in nodes) % one["lines"])
                node, leaves, gap, whole = bytes.fromhex(one["hash"]), one["lines"], True, False
            elif not fault:  # section 5.3; a whole manifest has two lines an item, so each has its place
                here, open_item = 2 * one["item"] + (one["kind"] == "file"), open_item * (one["item"] == open_item)
                need(here == place + 1 or (gap and here > place + 1))
                items[one["item"]] = item = items.get(one["item"], {"path": b"", "type": ""}) | one
                is_directory = item["type"] == "directory" or item.get("reason") == "unreadable-directory"
                keys = [item["path"], item["path"] + b"/"][is_directory : 2 if is_directory or not item["type"] else 1]
                gap, place, open_item = False, here, one["item"]
                last_key = next((key for key in keys if key > last_key), b"") if item["path"] else last_key
                need(last_key or not item["path"])
        except ValueError: fault = True
        while nodes[-1][1] == leaves:  # section 5.4
            node, leaves = sha256(b"\1" + nodes.pop()[0] + node), 2 * leaves
        nodes.append((node, leaves))
    root = functools.reduce(lambda right, left: sha256(b"\1" + left[0] + right), nodes[-2:0:-1], nodes[-1][0])
    good = ((root or sha256(b"")).hex(), sum(size for _, size in nodes), rest) == (seal["root"], seal["lines"], b"")
    if fault or rest or not (gap or place % 2):
        items.pop(open_item, None)
        return 4 if good else 1, whole
    past = max(items, default=0) >= seal["first_item"] + seal["items"]
    return int(not good or (whole and len(items) != seal["items"]) or past), whole

def read_list(path: bytes, items: dict[int, Table], seal: Table, whole: bool) -> int:  # V9: its exit code
    if kind(path) != "file": return int(whole)
    data, wanted, escapes = read(path), b"", {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
    for item in (item for item in items.values() if item["type"] == "file" and item["path"]):
        spelled = re.sub(rb"[\\\n\r]", lambda match: escapes[match[0]], item["path"])
        mark, start = b"\\" * (spelled != item["path"]), b"./" * (spelled == b"-")
        wanted += mark + item["sha256"].encode() + b"  " + start + spelled + b"\n"
    head = re.match(TABLES["list_head"].encode(), data)
    return int(not head or sha256(data).hex() != seal["checksums"] or (whole and data[head.end() :] != wanted))

def hides(patterns: list[str], path: bytes) -> bool:  # section 8.1
    names = store(path).split("/")
    forms = [(re.escape(one).replace(r"\*", "[^/]*").replace(r"\?", "[^/]"), "/" in one) for one in patterns]
    return any(re.fullmatch(form, "/".join(names[:end]) if whole else names[end - 1], re.DOTALL)
               for form, whole in forms for end in range(1, len(names) + 1))

def kind(path: bytes) -> str:
    letter = stat.filemode(os.lstat(path).st_mode)[0] if os.path.lexists(path) else ""
    return {"-": "file", "l": "symlink", "d": "directory", "": ""}.get(letter, "special")

def is_companion(path: bytes) -> bool:  # section 3
    directory, name = os.path.split(path)
    for one in TABLES["companions"] if kind(path) == "file" and os.path.getsize(path) <= 2**20 else ():
        match = re.fullmatch(one["name"].encode(), name, re.DOTALL)
        beside = b"".join(part or b"" for part in match.groups()) if match else b""
        if match and os.path.lexists(os.path.join(directory, beside)) and os.path.getsize(path) <= one["limit"]:
            return re.match(one["start"].encode(), read(path)) is not None
    return False

def walk(root: bytes, patterns: list[str], at: bytes = b"") -> Things:  # V10
    things: Things = {}
    for one in os.scandir(os.path.join(root, at)):
        if at + one.name != b"custody" and not hides(patterns, at + one.name):
            below = walk(root, patterns, at + one.name + b"/") if kind(one.path) == "directory" else {}
            things |= below or {at + one.name: kind(one.path)}
    return things

def compare(path: bytes, item: Table) -> str:  # V11
    if (found := kind(path)) != item["type"]: return "type-changed"
    data = read(path) if found == "file" else b""
    there: Table = {"sha256": sha256(data).hex(), "blake3": blake3.blake3(data).hexdigest(), "size": len(data)}
    there = {"file": there, "symlink": {"target": found == "symlink" and os.readlink(path)}}.get(found, {})
    return "ok" if all(item[name] == value for name, value in there.items()) else "changed"

def explain(root: bytes, missing: list[Table], extra: Things, patterns: list[str]) -> Any:  # V12: items and their fates
    for step, item in [(step, item) for step in range(6) for item in missing]:
        fate, same = "", [item["path"]]
        nfc = [unicodedata.normalize("NFC", store(one)) for one in (*extra, *(one["path"] for one in missing), *same)]
        path = os.path.join(root, *same)
        if step == 0 and item["path"] and kind(path) and hides(patterns, *same): fate = compare(path, item)
        elif step == 1:
            same = [one for one in extra if re.fullmatch(TABLES["neutral"] % item["item"], store(one))]
            fate = compare(os.path.join(root, *same), item) if same else ""
        elif step == 2 and any((one + b"/").startswith(item["path"] + b"/") for one in extra): fate = "type-changed"
        elif step == 3 and nfc.count(nfc[-1]) == 3 and nfc.index(nfc[-1]) < len(extra):
            same = [list(extra)[nfc.index(nfc[-1])]]
            fate = "name-form " + compare(os.path.join(root, *same), item)
        elif step == 4 and item.get("size"):
            same = [one for one in sorted(extra) if compare(os.path.join(root, one), item) == "ok"]
            fate = "renamed" if same else ""
        if item in missing and (fate or step == 5):
            missing.remove(item)
            extra.pop(same[0] if same else b"", "")
            yield item, fate or "missing"

def verify(evidence: str, trust: str, head: str = "") -> tuple[int, list[str]]:
    """The exit code, and what was found on items."""
    root, codes, names = os.fsencode(evidence), {0}, list[Any]()
    custody = os.path.join(root, b"custody")
    for one in os.scandir(custody) if kind(custody) == "directory" else ():  # V1
        name = one.name.decode("utf-8", "replace")
        names += [match] if (match := re.fullmatch(TABLES["file"], name)) and kind(one.path) == "file" else []
        system = kind(one.path) == "directory" and re.fullmatch(TABLES["system"], name)
        codes.add(0 if match in names or system or is_companion(one.path) else 1)
    stems = sorted(match["stem"] for match in names if match["role"] == "toml.sig")
    if not stems: return 1 if 1 in codes else 4, []
    lost = {match["stem"] for match in names if match["stem"]} - {*stems, *(match["part"] for match in names)}
    links = read_chain(custody, stems, trust, codes)  # V2
    codes |= {4 if lost else 0, 1 if head and head not in [one.hex() for _, one in links] else 0}  # V6
    seals = {int(stem[:4]) for stem in {*stems, *lost} if stem.endswith("-sealed")}
    unsound, stated, following, last = bool(seals - {entry["sequence"] for entry, _ in links}), list[Table](), 1, 0
    for entry, _ in links:
        seal, stem = entry["sealed"], os.path.join(custody, b"%04d-sealed" % entry["sequence"])
        goes_on = seal["first_item"] == following or (seal["first_item"] > following and entry["sequence"] > last + 1)
        following, last = seal["first_item"] + seal["items"], entry["sequence"]
        items, is_there = dict[int, Table](), kind(stem + b".jsonl") == "file"
        code, whole = read_manifest(read(stem + b".jsonl"), seal, items) if is_there else (1, True)
        codes |= {code, 0 if goes_on else 1, 0 if code else read_list(stem + b".sha256", items, seal, whole)}  # V3
        told = [item for item in items.values() if item["path"] or not (code or item["type"] in ("", "omitted"))]
        stated += [item | {"broken": code} for item in told]
        unsound |= code != 0
    patterns = links[-1][0]["sealed"]["exclude"] if links else []
    extra, missing, excused, fates = walk(root, patterns), list[Table](), [b"\0"], list[tuple[Table, str]]()
    for item in sorted(stated, key=lambda item: bytes(item["path"])):
        is_directory = extra.get(item["path"]) == "directory"
        if item["type"] in ("", "omitted"):
            all_below = item.get("reason") == "unreadable-directory" or (not item["type"] and is_directory)
            fates.append((item, "omitted" if item["type"] else "withheld"))
            excused.append(item["path"] + b"/" if all_below else b"\0")
            extra.pop(b"" if is_directory else item["path"], "")
        elif item["path"] in extra and is_directory == (item["type"] == "directory"):
            extra.pop(item["path"])
            fates.append((item, compare(os.path.join(root, item["path"]), item)))
        else:
            missing.append(item)
    fates += explain(root, missing, extra, patterns)
    companions = [one for one in extra if is_companion(os.path.join(root, one))]
    left = [store(one) for one in extra if one not in companions and not (one + b"/").startswith(tuple(excused))]
    seen = [(item["broken"], fate) for item, fate in fates if fate not in ("withheld", "omitted")]
    codes |= {4 if broken else 1 for broken, fate in seen if not fate.endswith("ok")}  # V13
    codes |= {0 if not left else 4 if unsound else 1, 0 if any(not broken for broken, _ in seen) else 4}  # V14
    labels = [f"{code} item {item['item']}" for item, fate in fates for code in fate.split() if code != "ok"]
    labels += [f"extra {one}" for one in left if not unsound]
    return next(code for code in (1, 4, 3, 0) if code in codes), labels

if __name__ == "__main__":
    exit_code, findings = verify(*sys.argv[1:])
    print("\n".join([*findings, f"exit code {exit_code}"]))
    sys.exit(exit_code)
