"""What this client wants to stand at the broker: its retained messages, in case the broker has it otherwise."""

from collections.abc import Iterator

from crampwatch.topics import Topic


class Standing:
    """The last word on each retained topic, kept so that it can be said again on a new link.

    After a lost link the broker has published the last will, and a broker in a wheel has forgotten everything when
    it comes back. One word a topic: bounded by the topics that a service writes.
    """

    def __init__(self) -> None:
        self._words: dict[Topic, bytes] = {}

    def note(self, topic: Topic, payload: bytes) -> None:
        """This is to stand from now on; an empty body clears."""
        if topic.terms.retain:
            self._words[topic] = payload

    def taken(self, topic: Topic, payload: bytes) -> None:
        """The broker has it. What is cleared needs no second word."""
        if not payload and self._words.get(topic) == payload:
            del self._words[topic]

    def refused(self, topic: Topic) -> None:
        """The broker will never have it."""
        self._words.pop(topic, None)

    def again(self) -> Iterator[tuple[Topic, bytes]]:
        """Each word as it is when its turn comes, though others are noted meanwhile."""
        for topic in tuple(self._words):
            if topic in self._words:
                yield topic, self._words[topic]
