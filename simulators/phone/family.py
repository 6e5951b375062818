"""The family account (医保亲情账户) on a phone: whose codes its owner may show beside their own, as the centre says.

Asked anew each time that something of a member is to be shown, so that a binding which has ended shows at once; what
was heard last is known to open pages. That the phone asks the centre, and how, is our own design.
"""

from fixtures.channels import Channel
from fixtures.population import Person, people
from simulators.kit.live_page import Bell
from simulators.phone.centre import Centre, CentreRefusalError, CentreUnavailableError


class Family:
    """All family accounts of one case, as far as phones have heard of them."""

    def __init__(self, centre: Centre | None, bell: Bell) -> None:
        self._centre = centre
        self._bell = bell
        self._known: dict[str, tuple[Person, ...]] = {}

    def known(self, holder: Person) -> tuple[Person, ...]:
        """The holder's members when the centre was last asked."""
        return self._known.get(holder.id, ())

    def bound(self, holder: Person, member: Person) -> bool:
        """Whether a person was among them."""
        return member in self.known(holder)

    async def members(self, holder: Person, channel: Channel) -> tuple[Person, ...]:
        """The holder's members; none where the channel may not tell them. Without an answer those that are known."""
        if self._centre is None:
            return ()
        try:
            told = await self._centre.members(holder, channel.id)
        except CentreRefusalError:
            return ()
        except CentreUnavailableError:
            return self.known(holder)
        found = tuple(person for id_no in told for person in people() if person.id_no == id_no)
        if found != self.known(holder):
            self._known[holder.id] = found
            self._bell.ring()
        return found
