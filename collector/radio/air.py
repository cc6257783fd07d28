"""The air between virtual devices: who hears whom, how well, and when a link is lost."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

USUAL_RSSI_DBM = -60
_ACTIVE_SCAN = 1
_MAX_LL_OCTETS = 251

_Report = hci.HCI_LE_Advertising_Report_Event.Report
_EventType = hci.HCI_LE_Advertising_Report_Event.EventType


async def whole(command: Coroutine[Any, Any, None]) -> None:
    """Finish a command to a controller even when we are cancelled: half a command confuses bumble's host."""
    task = asyncio.create_task(command, name="controller command")
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


class Radio(Controller):
    """A Bluetooth controller on the air.

    It has what bumble's own lacks: a cancelled connection attempt really ends, so that the next one can begin,
    and it advertises in one way only (legacy), as watches and straps do.
    """

    def __init__(self, name: str, air: "Air") -> None:
        super().__init__(name, link=air)
        # Whole notifications in one packet, as any controller with data length extension sends them.
        self.le_acl_data_packet_length = _MAX_LL_OCTETS
        self.le_features &= ~(hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the host. bumble's own writes each into a debug text first: a third of the radio's cost."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """LE Create Connection Cancel (Core 5.4, 4 E 7.8.13): the attempt ends and its end is reported."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Both ends of one link, seen from the sender."""

    mine: Connection
    theirs: Connection

    @property
    def up(self) -> bool:
        """Whether the receiver still holds it; the sender of the last words may have hung up already."""
        return self.theirs.controller.le_connections.get(self.theirs.peer_address) is self.theirs


class Air(LocalLink):
    """bumble's LocalLink with what a real air does to a link.

    Added: links that are lost, devices out of range, a signal strength per device, real scan responses, devices
    that advertise but never answer. Packets cross in a fixed number of event-loop turns, in order. A packet that
    is under way when the link goes is lost, as it would be.
    """

    controllers: set[Controller]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # bumble leaves it untyped
        self.rssi_dbm: dict[Controller, int] = {}
        self._away: set[Controller] = set()
        self._deaf: set[Controller] = set()
        self._ends: dict[tuple[Controller, hci.Address], _Ends] = {}

    # --- what a test or a demo does to the air ---

    def lose_link(self, controller: Controller) -> None:
        """Lose every link of ``controller`` without a word, as after a supervision timeout."""
        reason = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        for mine in list(controller.le_connections.values()):
            ends = self._find_ends(controller, mine.peer_address)
            if ends is not None:
                ends.theirs.controller.on_le_disconnected(ends.theirs, reason)
            controller.on_le_disconnected(mine, reason)

    def leave(self, controller: Controller) -> None:
        """Walk out of range: links are lost, nothing is heard either way."""
        self._away.add(controller)
        self.lose_link(controller)

    def come_back(self, controller: Controller) -> None:
        """Walk into range again."""
        self._away.discard(controller)

    def turn_deaf(self, controller: Controller, *, deaf: bool = True) -> None:
        """Let ``controller`` advertise on, but answer no attempt to connect."""
        (self._deaf.add if deaf else self._deaf.discard)(controller)

    def forget(self, controller: Controller) -> None:
        """Take ``controller`` off the air for good."""
        self.lose_link(controller)
        self.controllers.discard(controller)
        self._away.discard(controller)
        self._deaf.discard(controller)
        self.rssi_dbm.pop(controller, None)

    # --- what bumble's controllers ask of a link ---

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Carry an advertisement to everyone who listens, or a connection request to its one receiver."""
        if sender_controller in self._away:
            return
        loop = asyncio.get_running_loop()
        if isinstance(packet, ll.ConnectInd):
            loop.call_soon(self._connect, sender_controller, packet)
            return
        for listener in self.controllers:
            listens = listener.le_scan_enable or listener.pending_le_connection
            if listens and listener is not sender_controller and listener not in self._away:
                loop.call_soon(self._hear, listener, sender_controller, packet)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry data to the other end of the link, if it still has one on arrival."""
        ends = self._find_ends(sender_controller, destination_address)
        if ends is not None:
            receive = ends.theirs.controller.on_link_acl_data
            self._carry(ends, receive, ends.theirs.peer_address, transport, data)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Carry a control PDU; the sender may hang up in the same breath."""
        for controller in self.controllers:
            mine = controller.le_connections.get(receiver_address)
            if mine is not None and mine.self_address == sender_address:
                ends = self._find_ends(controller, receiver_address)
                if ends is not None:
                    asyncio.get_running_loop().call_soon(self._control, ends.theirs, packet)
                return

    # --- inside ---

    def _connect(self, central: Controller, packet: ll.ConnectInd) -> None:
        for controller in self.controllers:
            advertised = packet.advertiser_address in {controller.random_address, controller.public_address}
            if controller is not central and advertised and controller not in self._away:
                controller.on_ll_advertising_pdu(packet)
        mine = central.le_connections.get(packet.advertiser_address)
        if mine is not None and self._find_ends(central, packet.advertiser_address) is None:
            # It stopped advertising between its last word and our request (Core 5.4, 6 B 4.5).
            central.on_le_disconnected(mine, hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)

    def _hear(self, listener: Controller, sender: Controller, packet: ll.AdvertisingPdu) -> None:
        if not isinstance(packet, ll.AdvInd):
            return
        address = packet.advertiser_address
        if listener.le_scan_enable:
            reports = [(_EventType.ADV_IND, packet.data)]
            response = sender.le_legacy_advertiser.scan_response_data
            if listener.le_scan_type == _ACTIVE_SCAN and response:
                reports.append((_EventType.SCAN_RSP, response))
            for kind, data in reports:
                report = _Report(
                    event_type=kind,
                    address_type=address.address_type,
                    address=address,
                    data=data,
                    rssi=self.rssi_dbm.get(sender, USUAL_RSSI_DBM),
                )
                listener.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))
        wanted = listener.pending_le_connection
        if wanted is not None and wanted.peer_address == address and sender not in self._deaf:
            listener.create_le_connection(address)

    def _find_ends(self, controller: Controller, peer: hci.Address) -> _Ends | None:
        mine = controller.le_connections.get(peer)
        if mine is None:
            return None
        known = self._ends.get((controller, peer))
        if known is not None and known.mine is mine and known.up:
            return known
        for other in self.controllers:
            theirs = other.le_connections.get(mine.self_address)
            if theirs is not None and theirs.self_address == peer:
                self._ends[controller, peer] = found = _Ends(mine, theirs)
                return found
        self._ends.pop((controller, peer), None)
        return None

    def _carry(self, ends: _Ends, receive: Callable[..., None], *args: Any) -> None:
        def arrive() -> None:
            if ends.up:
                receive(*args)

        asyncio.get_running_loop().call_soon(arrive)

    @staticmethod
    def _control(theirs: Connection, packet: ll.ControlPdu) -> None:
        if theirs.controller.le_connections.get(theirs.peer_address) is theirs:
            theirs.controller.on_ll_control_pdu(theirs.peer_address, packet)
