"""Checks a sealed directory or an unpacked bundle without evtool:  python3 -I check.py DIR [YOUR_ALLOWED_SIGNERS].  It passes no signed field that it
does not know. (3d is a step of evtool's pages FORMAT-*.md, T10 a rule.) 0 what is checked holds; 1 it differs; 2 wrong usage; 3 not shown who signed;
4 not checked. NOT CHECKED: consent, time-stamps, renewals, receipts, BLAKE3, dates, metadata, how many signed, other copies or parts of the record,
whether entries and lists are complete and in order, lists of a bag (sha256sum does)."""
import base64, bisect, fnmatch, hashlib, json, os, re, shlex, shutil, subprocess, sys, tomllib, unicodedata, urllib.parse
RECORD = r"""(?xa)(?!0000)\d{4}-[a-z-]+\.(toml(\.sig(\.[a-z0-9.-]+)?)?|details|receipt\.toml(\.sig)?)|\.[\w.-]+\.part
    |\d{4}-(sealed\.(jsonl|sha256)|renewed\.blake2b|disclosed\.items)|README\.txt|allowed_signers|COVER\.txt"""
FORMS = {name: form for form, *names in map(str.split, r""""(content|file|metadata|context|consent|withheld)" kind;"beside" role;\{.*\} timestamps consent claims
    "[0-9a-f]{64}" sha256 blake3 root checksums hash list head signature details transfer cover README.txt allowed_signers;"SHA256:[A-Za-z0-9+/]{43}" key
    "[0-9a-f]{32}" salt collection;[1-9]\d{0,14} item lines first_item original copy files;0|[1-9]\d{0,14} size checked ok changed missing unreadable extra
    \d{1,15}|\[("(file|metadata|context\.[a-z][\w-]*|[1-9]\d*(-[1-9]\d*)?)",?)*\] items withheld accepted entries;[1-9]\d{0,3} sequence;"(claimed|synced)" clock
    "([^"\\]|\\.){1,1000}" reason tool place method carrier authority purpose correction description;"[0-9a-f]{64}"|[1-9]\d{0,3} entry;\[.+\] paths groups
    "[A-Za-z0-9][\w.-]{0,63}" event agent sender recipient source approved_by field scope acceptance algorithm;"(file|directory|symlink|omitted)" type;\[.*\] confirmed
    null|"\d{4}-(?!02-3)\d\d-\d\dT([01]\d|2[0-3])(:[0-5]\d){2}\.\d{9}Z" mtime;\[null,"[\d-]{10}.[\d:]{8}(\.\d+)?[+-]\d\d:\d\d"\] happened_at recorded_at
    \["file"(,"metadata")?(,"context"){0,128}(,"consent")?\] statements;\[("(unreadable|unreadable-directory|special|changing)",?)*\] allowed
    \[("([^"\\\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\\["\\]){1,256}",?){0,64}\] exclude;"evtool-(custody|details|disclosed)/1" format
    ".+" path target terms value list_renewed confinement failure handling""".replace(";", "\n").splitlines()) for name in names}  # of all signed fields, as JSON
EVENTS = "(collect|receiv|seal|verifi|access|copi|transferr|disclos|deriv|renam|consent-chang|countersign|admitt|renew|correct|dispos)ed|incident"
JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=lambda time: [None, str(time)]).encode  # M3
SIGNED = rb"(?s)SSHSIG\0\0\0\x01\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0 .{36}.+\0{4}\0\0\0\x06sha(256|512)\0\0\0S\0\0\0\x0bssh-ed25519\0\0\0@.{64}"  # S2 to S4
BAG = b"bagit.txt bag-info.txt README.txt manifest-sha256.txt tagmanifest-sha256.txt custody data".split()
codes, files, entries, items, things, lacking, partial, converted, real = {0}, {}, [], {}, {}, [], [0], [], urllib.parse.unquote_to_bytes
def leave():  # with the gravest code
    if 1 not in codes: print("\nNot checked by this script:", re.search("(?s)NOT CHECKED: (.*?\\))", __doc__)[1].replace("\n", " ") + ".")
    if entries: print("\nHead, to be compared with what you were told:", *re.findall("....", entries[-1]["head"]))
    end = f": what it checks holds.\nNot judged: time-stamps ({sum('.toml.sig.' in name for name in files)} files), and what stands above." if codes == {0} else "."
    os._exit(print(f"{len(entries)} entries, {len(items)} items. Exit code {(code := next(each for each in (1, 4, 3, 0) if each in codes))}{end}", flush=True) or code)
def say(code, text, is_so=True):  # line ends that a program changed accuse nobody (3h); a record that fails ends the check
    if is_so:
        codes.add(4 if code == 1 and converted else code)
        print({1: "DIFFERS      ", 3: "NOT SHOWN    ", 4: "NOT CHECKED  "}[code] + "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text))
        if code != 3 and not things: leave()
def require(is_so): return is_so or say(4, "something in the record has a form that this script does not know; evtool may know it") or leave()
def read(path, limit=1 << 28):  # no link is followed, no pipe waited for; with limit 0, the SHA-256 is given
    with open(os.open(path, sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))), "rb") as file:
        data = file.read(limit + 1) if limit else hashlib.file_digest(file, "sha256").hexdigest()
    if limit: require(len(data) <= limit); converted.extend([path] * (b"\r\n" in data))
    return data
def stored(name, how=("utf-8", "surrogateescape")):  # T10: how the record spells the name of a file
    return re.sub("[\0-\x1f%\x7f-\x9f\ud800-\udfff]", lambda at: "%" + at[0].encode(*how).hex("%").upper(), name.decode(*how))
def demand(texts):  # T10 to T12: paths in their one spelling, none twice, none below another
    above = {text[: at.start()] for text in texts for at in re.finditer("/", text)}; require(above.isdisjoint(texts) and len({*texts}) == len(texts))
    require(all(stored(real(text)) == text and not re.search(r"(\A|/)\.{0,2}(/|\Z)|%00", text) for text in texts))
def spelled(said): return require(all(re.fullmatch("(?as)" + FORMS.get(name, ""), JSON(said[name])) for name in said)) and JSON(said)
def parsed(data): return require(not re.search(rb"(\.[^.\n]{0,99}){200}|[\[{]{50}|[\x22\x27]{3}", data)) and tomllib.loads(data.decode())  # E2: against slow keys
def within(ranges, keys):  # how many numbers "5-17" and "3" are, and which of some sorted ones they are
    ends = [(int(text.split("-")[0]), int(text.split("-")[-1])) for text in ranges]
    require(all(before[1] < first <= last for before, (first, last) in zip([(0, 0), *ends], ends)))
    cuts = ((bisect.bisect_left(keys, first), bisect.bisect_right(keys, last)) for first, last in ends)
    return sum(last - first + 1 for first, last in ends), [key for first, last in cuts for key in keys[first:last]]
def doubtful(text):  # named like what systems add, or what a later Unicode takes for another (11p): evtool can tell
    return "Cn" in map(unicodedata.category, text) or re.fullmatch(r"(?is)(.*/)?(\._.+|.+@Syno.+|.+Zone\.Identifier|\.DS_Store|(eh)?thumbs\.db|desktop\.ini)", text)
def hidden(text):  # section "Patterns": what the newest seal leaves out
    return not doubtful(text) and any(fnmatch.fnmatchcase(name, mask.replace("[", "[[]")) for name in text.split("/") for mask in seal["exclude"])
sys.stdout.reconfigure(errors="backslashreplace"); sys.excepthook = lambda kind, fault, _: say(4, f"{kind.__name__}: {fault}") or leave()
print("HANDLING: this script reads no terms of consent. Until you know them, every file is closed: give it to nobody.\n")
root, *trust = [os.path.realpath(os.fsencode(name)) for name in sys.argv[1:]] or [b""]
if len(trust) > 1 or not root or any(name.startswith(root + b"/") for name in trust): sys.exit(print(__doc__) or 2)
if os.path.islink(custody := root + b"/custody") or not os.path.isdir(custody): say(4, "this is not a sealed directory: custody is a link, or not there")  # R1
for thing, name in [(each, stored(each.name)) for each in os.scandir(custody)]:  # step 1: the files of the record
    if thing.is_file(follow_symlinks=False) and re.fullmatch(RECORD, name): files[name] = thing.path
    say(4 if doubtful(name) else 1, f"custody/{name} does not belong there", name not in files)
can_ask = trust and shutil.which("ssh-keygen"); before, next_item, disposed, omitted, places, taken, full = {}, 1, {}, ("\0",), {}, {}, set()  # steps 2 and 3: the chain
for stem in sorted({name.split(".")[0] for name in files if re.fullmatch(r"\d{4}-[a-z-]+\.toml(\.sig)?", name)}):
    toml, sig, number, last = f"{stem}.toml", f"{stem}.toml.sig", int(stem[:4]), before
    if sig not in files and any(name.startswith(f".{stem}.") for name in files): continue  # R4: an interrupted run
    say(1, f"before {stem} an entry is missing, or is there twice", number != len(entries) + 1 or toml not in files)
    data, before = read(files[toml], 65536), {"entry": read(files[toml], 0), "signature": read(files[sig], 0)}
    entry = parsed(data); tables = "previous", "fixity", "informational", (event := entry["event"])
    for table in [header := {name: entry[name] for name in entry.keys() - {*tables}}, *(entry.get(name, {}) for name in tables)]: spelled(table)
    require(re.fullmatch(EVENTS, event) and len(header) == 11 + ("items" in header) and ("details" in header) != ("reason" in header))
    entry |= {"stem": stem, "head": before["entry"]}; previous, agent, first = entry.pop("previous", {}), entry["agent"], (entries or [entry])[0]
    text = read(files[sig], 16384).decode(); blob = base64.b64decode(text[30:-29]); key = hashlib.sha256(blob[14 : 14 + int.from_bytes(blob[10:14])]).digest()
    require(re.fullmatch(r"-+BEGIN SSH SIGNATURE-+\n([\w+/]{70}\n)*[\w+/]{1,70}=*\n-+END SSH SIGNATURE-+\n", text) and bool(previous) == (entry["sequence"] > 1))
    say(1 if re.fullmatch(SIGNED, blob) else 4, f"{stem} was signed by another key than it names", base64.b64decode(entry["key"][7:] + "=") != key)
    told = ["-n", "evtool-custody-v1", "-s", os.fsdecode(files[sig])]; asked = [["verify", "-f", *trust, "-I", agent], ["check-novalidate"]] if can_ask else []
    good = [not subprocess.run(["ssh-keygen", "-Y", *how, *told], input=data, capture_output=True).returncode for how in asked]
    say(1 if re.fullmatch(SIGNED, blob) else 4, f"{stem}: bad signature", good[1:] == [False])
    say(3, f"{stem}: ssh-keygen -Y verify -f YOUR_LIST -I {agent} {shlex.join(told)} < {shlex.quote(told[-1][:-4])}", good[:1] != [True])
    wrong = any(name not in files or read(files[name], 0) != at for name, at in previous.pop("timestamps", {}).items())
    wrong |= [previous, number, stem[5:], entry["collection"]] != [last, entry["sequence"], event, first["collection"]]  # 3c to 3e
    if at := files.get(f"{stem}.details"): wrong |= read(at, 0) != entry.get("details"); entry |= parsed(read(at, 65536))
    spelled(said := entry.get(event, {})); wrong |= "head" in said and (said["entry"], said["head"]) not in [(each["sequence"], each["head"]) for each in entries]
    if event == "sealed": wrong |= said["first_item"] != next_item; next_item += require(0 < said["items"] <= said["lines"] and len(said) == 7) and said["items"]
    if paths := said.get("paths"): demand(paths); require("details" in entry and within(entry["items"], [])[0] == len(paths))
    say(1, f"{stem} does not follow from the entries before it", wrong); entries.append(entry); lacking += [] if "reason" in entry else [number]
for entry in [each for each in entries if each["event"] == "sealed"]:  # steps 7 and 8: manifests and digest lists
    stem, own, trees, place, seal = entry["stem"], {}, [], 0, entry["sealed"]; *lines, end = read(files.get(f"{stem}.jsonl", os.devnull)).split(b"\n")
    for line in lines:  # the root over all lines, where each that is withheld stands for several
        match = re.fullmatch(rb'\{"hash":"([0-9a-f]{64})","kind":"withheld","lines":([1-9]\d{0,14})\}', line)
        node, count = (bytes.fromhex(match[1].decode()), int(match[2])) if match else (hashlib.sha256(b"\0" + line).digest(), 1)
        say(1, f"{stem}.jsonl is not what was signed", count.bit_count() != 1 or place % count); place += count; partial += [entry["sequence"]] * bool(match)
        while trees and trees[-1][1] == count: node, count = hashlib.sha256(b"\1" + trees.pop()[0] + node).digest(), 2 * count
        trees.append((node, count))
    while len(trees) > 1: trees[-2:] = [(hashlib.sha256(b"\1" + trees[-2][0] + trees[-1][0]).digest(), 0)]
    say(1, f"{stem}.jsonl is not what was signed", [trees and trees[0][0].hex(), place, end] != [seal["root"], seal["lines"], b""])
    for said, line in ((json.loads(line), line) for line in lines):
        require(spelled(said).encode() == line and len(line) <= 65536); kind, key = said["kind"], said.get("item")
        if kind == "content":
            require(key not in own and key not in items and stored(real(said.get("target", ""))) == said.get("target", ""))
            own[key] = said | {"named": entry["sequence"], "left": list(said["statements"]), "path": ""}
        elif kind != "withheld": own[key]["left"].remove(kind); own[key] |= {"path": said["path"]} if kind == "file" else {f"context.{said.get('field')}": 0}
    items |= own; is_whole = partial[-1] != entry["sequence"]; named = [item for item in own.values() if item["path"]]
    order = [real(item["path"]) + b"/" * item.get("reason", item["type"]).endswith("directory") for item in named]
    demand([item["path"] for item in named]); require(order == sorted({*order}) and [*own] == sorted(own) and max(map(len, order), default=0) < 4096)
    require(not is_whole or max(own) - seal["first_item"] == len(own) - 1 and not any(item["left"] for item in own.values()))
    pairs = [(re.sub(rb"[\\\n\r]", lambda at: ascii(at[0])[2:-1].encode(), real(item["path"])), item) for item in named if item["type"] == "file"]
    data, head = read(files.get(f"{stem}.sha256", os.devnull)), rb"\A# SHA-256 of the items of this seal; salt [0-9a-f]{32}\n"
    told = [b"\\" * (b"\\" in name) + item["sha256"].encode() + b"  " + b"./" * (name == b"-") + name + b"\n" for name, item in pairs]
    wrong = is_whole and (re.split(head, data) != [b"", b"".join(told)] or len(own) != seal["items"])  # told as sha256sum writes it
    say(1, f"{stem}: other list or number of items", wrong or data and hashlib.sha256(data).hexdigest() != seal["checksums"])
explained = not lacking and partial == [0]  # step 9: what a signed list allows to be withheld
for entry in [each for each in entries if f"{each['stem']}.items" in files]:
    data, number, promised, alike = read(files[f"{entry['stem']}.items"], 1 << 22), entry["sequence"], 0, 0
    say(1, f"list {number} is not what was signed", hashlib.sha256(data).hexdigest() != entry["disclosed"].get("list"))
    said, before = json.loads(data), {key: item for key, item in items.items() if item["named"] < number}; require(said["format"] == "evtool-disclosed/1")
    for group in said["groups"]:
        (count, keys), left = within(group["items"], sorted(before)), [name.split(".")[0] for name in group["withheld"]]
        alike, promised = alike + sum(before[key]["left"] == left for key in keys), promised + count
        require(spelled(group) and promised <= len(before) and not any(before[key].keys() & set(group["withheld"]) for key in keys))
    explained |= alike == promised == len(before) and within(said.get("entries", []), lacking) == (len(lacking), lacking) and max(partial) < number
say(4, "something is withheld, and no signed list that is here allows it", not explained or not items)
is_bag = os.path.isfile(root + b"/" + BAG[4]) and entries[-1]["head"].encode() in read(root + b"/" + BAG[4])  # steps 10, 11
for name in os.listdir(root) if is_bag else []: say(4 if name in BAG else 1, f"{stored(name)} is foreign", name not in BAG or os.path.islink(root + b"/" + name))
top, handed_on = root + (b"/data/" if is_bag else b"/"), max([0, *(each["sequence"] for each in entries if "list" in each.get("disclosed", {}))])
for folder, folders, names in os.walk(top, onerror=lambda fault: say(4, str(fault)) or leave()):
    if folder == top and not is_bag: folders.remove(b"custody")
    for path in [os.path.join(folder, name) for name in folders + names]:
        kind = "symlink" if os.path.islink(path) else "directory" if os.path.isdir(path) else "file" if os.path.isfile(path) else "special"
        match, things[text] = re.fullmatch(r"item-(0\d{5}|[1-9]\d{5,14})(\.[a-z0-9]{1,8})?", text := stored(path[len(top):])), (path, kind)
        if not hidden(text): full |= {text[: at.start()] for at in re.finditer("/", text)}
        places |= {unicodedata.normalize("NFC", text): text} | ({int(match[1]): text} if match else {})  # 11f, 11j
for number, entry in enumerate(entries, 1):  # who has which name, and what was given up
    about = [key for key in within(entry.get("items", ["1-999999999999999"]), sorted(items))[1] if items[key]["named"] < number not in lacking]
    for key, text in zip(about, entry.get("renamed", {}).get("paths", [])): items[key] |= {"path": items[key]["path"] and text, "named": number}
    if entry["event"] == "disposed": disposed = dict.fromkeys(about, number) | disposed
for key, item in sorted(items.items(), key=lambda pair: -pair[1]["named"]):
    text = next((text for text in (item["path"], places.get(key), places.get(unicodedata.normalize("NFC", item["path"]))) if text in things), "")
    (path, there), kind, is_given_up = things.get(text, (b"", "")), item["type"], disposed.get(key, 10000) < taken.get(item["path"], 10000)
    taken[item["path"] or key], omitted = item["named"], omitted + (item["path"] + "/",) * (kind == "omitted")
    is_same = there == kind and (kind != "symlink" or stored(os.readlink(path)) == item["target"])
    if is_same and kind == "file": is_same = os.lstat(path).st_size == item["size"] and read(path, 0) == item["sha256"]
    if text and (is_same or not is_given_up): del things[text]
    if is_same or is_given_up or kind == "omitted" or is_bag and kind != "file": continue
    code = 3 if kind == "symlink" and not text and item["named"] < handed_on else 4 if doubtful(item["path"]) else 1
    say(code, f"item {key} ({item['path']}) is {'not as it was sealed' if text else 'not there'}")
for text, (_, kind) in list(things.items()):
    if kind == "directory" and text in full or (text + "/").startswith(omitted) or hidden(text): continue
    say(4 if doubtful(text) or "/" in "".join(seal["exclude"]) else 1, f"{text} was not sealed")
leave()
