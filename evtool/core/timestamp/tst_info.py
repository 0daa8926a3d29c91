"""TSTInfo: what a time-stamp authority states and signs (RFC 3161, section 2.4.2)."""

from __future__ import annotations

from msgspec import Struct

from evtool.core.timestamp.algorithms import HASH_FUNCTIONS, HashFunction
from evtool.core.timestamp.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Fields,
    Node,
    children,
    expect,
    explicit,
    read_only,
)
from evtool.core.timestamp.der_values import read_boolean, read_generalized_time, read_integer, read_octets, read_oid
from evtool.core.timestamp.result import Accuracy, TokenFacts
from evtool.core.timestamp.x509.dn import describe_general_name

VERSION = 1

_MILLIS, _MICROS = 0x80, 0x81
_TSA, _EXTENSIONS = 0xA0, 0xA1
_QC_STATEMENTS = "1.3.6.1.5.5.7.1.3"
_QUALIFIED = "0.4.0.19422.1.1"
"""esi4-qtstStatement-1 (ETSI EN 319 422, section 9.1)."""

_KNOWN_EXTENSIONS = frozenset({_QC_STATEMENTS})


class Imprint(Struct, frozen=True):
    """A MessageImprint: which hash function, which digest.

    Attributes:
        raw: its exact bytes, to compare a reply with its request.
        hash_oid: the hash function as written.
        hash_function: the hash function, None if it is not known.
        digest: the digest.
    """

    raw: bytes
    hash_oid: str
    hash_function: HashFunction | None
    digest: bytes


class TstInfo(Struct, frozen=True):
    """One parsed TSTInfo.

    Attributes:
        facts: what it says, ready to be shown.
        imprint: the imprint as it stands.
        version: 1 in every token that is understood.
        policy: the policy, dotted.
        nonce: the nonce, None if absent.
        tsa: the `tsa` GeneralName as it stands, None if absent.
        unknown_critical: extensions that say "do not go on if you do not know me", and are not known.
    """

    facts: TokenFacts
    imprint: Imprint
    version: int
    policy: str
    nonce: int | None
    tsa: Node | None
    unknown_critical: tuple[str, ...]


def parse_imprint(node: Node) -> Imprint:
    """Read a MessageImprint.

    Raises:
        DerError: it is malformed, or its digest does not have the length its hash function gives.
    """
    fields = Fields(node, "messageImprint")
    oid, parameters = parse_algorithm(fields.required(SEQUENCE, "hashAlgorithm"), "hashAlgorithm")
    digest = read_octets(fields.any("hashedMessage"), "hashedMessage")
    fields.end()
    if parameters not in (None, bytes([NULL, 0])):
        raise DerError("hashAlgorithm has parameters, which no hash function here takes", key="imprint-parameters")
    function = HASH_FUNCTIONS.get(oid)
    if function and len(digest) != function.size:
        raise DerError(
            "hashedMessage has {count} bytes, expected {size} for {name}",
            key="imprint-size",
            count=len(digest),
            size=function.size,
            name=function.name,
        )
    return Imprint(node.raw, oid, function, digest)


def parse_algorithm(node: Node, name: str) -> tuple[str, bytes | None]:
    """Read an AlgorithmIdentifier: its identifier, and its parameters as they stand."""
    fields = Fields(node, name)
    oid = read_oid(fields.required(OBJECT_IDENTIFIER, "algorithm"), f"{name}.algorithm")
    parameters = fields.optional(*range(256))
    fields.end()
    return oid, parameters.raw if parameters else None


def parse_tst_info(content: bytes) -> TstInfo:
    """Read a TSTInfo.

    Raises:
        DerError: it is malformed. An unknown version is not an error here; the judge refuses it.
    """
    fields = Fields(read_only(content), "TSTInfo")
    version = read_integer(fields.any("version"), "TSTInfo.version")
    policy = read_oid(fields.required(OBJECT_IDENTIFIER, "policy"), "TSTInfo.policy")
    imprint = parse_imprint(fields.required(SEQUENCE, "messageImprint"))
    serial = read_integer(fields.any("serialNumber"), "TSTInfo.serialNumber")
    time = expect(fields.any("genTime"), GENERALIZED_TIME, "TSTInfo.genTime")
    gen_time, fraction = read_generalized_time(time.content, "TSTInfo.genTime")
    accuracy = fields.optional(SEQUENCE)
    ordering = fields.optional(BOOLEAN)
    nonce = fields.optional(INTEGER)
    tsa = fields.optional(_TSA)
    extensions = fields.optional(_EXTENSIONS)
    fields.end()
    name = explicit(tsa, "TSTInfo.tsa") if tsa else None
    known, critical = _parse_extensions(extensions)
    nonce_value = read_integer(nonce, "TSTInfo.nonce") if nonce else None
    facts = TokenFacts(
        gen_time=gen_time,
        fraction=fraction,
        accuracy=_parse_accuracy(accuracy) if accuracy else None,
        ordering=read_boolean(ordering, "TSTInfo.ordering") if ordering else False,
        policy=policy,
        serial=hex_of(serial),
        nonce=None if nonce_value is None else hex_of(nonce_value),
        imprint_hash=imprint.hash_function.name if imprint.hash_function else imprint.hash_oid,
        imprint=imprint.digest.hex(),
        tsa_name=describe_general_name(name) if name else "",
        qualified=known,
    )
    return TstInfo(facts, imprint, version, policy, nonce_value, name, critical)


def hex_of(value: int) -> str:
    """Write a serial number or nonce in hexadecimal; too long for the integers of TOML and JSON."""
    return f"{value:x}"


def _parse_accuracy(node: Node) -> Accuracy:
    fields = Fields(node, "accuracy")
    seconds = fields.optional(INTEGER)
    millis = fields.optional(_MILLIS)
    micros = fields.optional(_MICROS)
    fields.end()
    accuracy = Accuracy(
        seconds=read_integer(seconds, "accuracy.seconds") if seconds else 0,
        millis=read_integer(millis, "accuracy.millis", _MILLIS) if millis else 0,
        micros=read_integer(micros, "accuracy.micros", _MICROS) if micros else 0,
    )
    # Past 2**31 seconds (68 years) an accuracy says nothing about time, and would overflow date arithmetic.
    if not (0 <= accuracy.seconds < 2**31 and 0 <= accuracy.millis < 1000 and 0 <= accuracy.micros < 1000):
        raise DerError("accuracy is out of range", key="accuracy-range")
    return accuracy


def _parse_extensions(node: Node | None) -> tuple[bool, tuple[str, ...]]:
    """Read the extensions: does one claim a qualified time-stamp, and which critical ones are not known."""
    qualified, unknown = False, []
    for extension in children(node) if node else ():
        fields = Fields(extension, "extension")
        oid = read_oid(fields.required(OBJECT_IDENTIFIER, "extnID"), "extension.extnID")
        critical = fields.optional(BOOLEAN)
        value = read_octets(fields.required(OCTET_STRING, "extnValue"), "extension.extnValue")
        fields.end()
        if critical and read_boolean(critical, "extension.critical") and oid not in _KNOWN_EXTENSIONS:
            unknown.append(oid)
        if oid == _QC_STATEMENTS:
            qualified = qualified or _claims_qualified(value)
    return qualified, tuple(unknown)


def _claims_qualified(value: bytes) -> bool:
    statements = children(expect(read_only(value), SEQUENCE, "qcStatements"))
    return _QUALIFIED in [read_oid(Fields(s, "qcStatement").any("statementId"), "statementId") for s in statements]
