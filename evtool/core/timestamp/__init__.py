"""Trusted time: when did these bytes exist at the latest, and who says so?

Two kinds of evidence are read here. An RFC 3161 *time-stamp token* is a statement, signed by a time-stamp authority
(TSA), that a digest was shown to it at a given time (`verify`). An OpenTimestamps *proof* leads from a digest to a
Bitcoin block header (`ots_verify`). Neither shows who made the bytes, nor that they are older than anything else.

The rules of the package:

- Bytes in, values out. The time "now", the user's trust anchors and block headers are arguments.
- What was received is hashed and compared as it came; nothing is encoded again before it is checked.
- Parsing says `malformed`; judging never hides an error of its own behind that word.
- A verdict has three values. *passed*: shown, on the anchors the user gave. *indeterminate*: not disproved, but
  something needed is missing, too weak or unsupported. *failed*: disproved, or no time-stamp at all.
- `verify`, and what it stands on, imports the X.509 parts of `cryptography`; a caller imports it only once there is a
  token to judge. `request`, `result`, `anchor`, `grounds`, `sunset` and everything of OpenTimestamps do not.
"""
