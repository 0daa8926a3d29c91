"""What files say about themselves, read in confinement.

Evidence comes from strangers, and every parser can be attacked. So each file is parsed in a confined process of its own
(`confinement`, forked by `fork_server`), which gets one descriptor and a pipe and can do nothing else. Its answer is
checked like any other hostile input before it becomes `Claims`. Values are stated in one vocabulary
(`evtool.core.metadata.vocabulary`), each with the tag it was read from. Nothing is judged: `observations` points out
what does not fit together, and leaves it at that.

    >>> from evtool.metadata import MetadataExtractor
    >>> with MetadataExtractor() as extractor, open("/dev/null", "rb") as file:
    ...     extractor.extract(file.fileno()).claims is not None
    True
"""

from evtool.core.metadata.vocabulary import Failure
from evtool.metadata.extraction import ExtractionResult, MetadataExtractor, shared_extractor
from evtool.metadata.wire import CAN_PARSE, Limits

__all__ = ["CAN_PARSE", "ExtractionResult", "Failure", "Limits", "MetadataExtractor", "shared_extractor"]
