"""What we lean on in bleak, without mocks: when an upgrade breaks us, the name of a test says where."""

import inspect
import platform
from importlib.metadata import version

import pytest
from bleak import BleakClient, BleakScanner
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from collector import ble_stack


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type] # a class or a function


def test_this_is_the_bleak_that_was_looked_at():
    assert version("bleak").split(".")[:2] == ["3", "1"]


@pytest.mark.parametrize("made_of", [BleakScanner, BleakClient])
def test_the_backend_is_a_parameter(made_of: type):
    backend = inspect.signature(made_of).parameters["backend"]
    assert backend.kind is inspect.Parameter.KEYWORD_ONLY
    assert backend.default is None


def test_a_client_backend_has_exactly_these_duties():
    assert BaseBleakClient.__abstractmethods__ == {
        "connect",
        "disconnect",
        "is_connected",
        "mtu_size",
        "pair",
        "read_gatt_char",
        "read_gatt_descriptor",
        "start_notify",
        "stop_notify",
        "unpair",
        "write_gatt_char",
        "write_gatt_descriptor",
    }


def test_a_scanner_backend_has_exactly_these_duties():
    assert BaseBleakScanner.__abstractmethods__ == {"start", "stop"}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (BaseBleakClient.__init__, ["self", "address_or_ble_device", "disconnected_callback", "timeout", "kwargs"]),
        (BaseBleakClient.connect, ["self", "pair", "kwargs"]),
        (BaseBleakClient.read_gatt_char, ["self", "characteristic", "use_cached", "kwargs"]),
        (BaseBleakClient.read_gatt_descriptor, ["self", "descriptor", "use_cached", "kwargs"]),
        (BaseBleakClient.write_gatt_char, ["self", "characteristic", "data", "response"]),
        (BaseBleakClient.write_gatt_descriptor, ["self", "descriptor", "data"]),
        (BaseBleakClient.start_notify, ["self", "characteristic", "callback", "kwargs"]),
        (BaseBleakClient.stop_notify, ["self", "characteristic"]),
        (BaseBleakScanner.__init__, ["self", "detection_callback", "service_uuids"]),
        (BaseBleakScanner.create_or_update_device, ["self", "key", "address", "name", "details", "adv"]),
        (BaseBleakScanner.call_detection_callbacks, ["self", "device", "advertisement_data"]),
        (BaseBleakScanner.is_allowed_uuid, ["self", "service_uuids"]),
        (
            BleakGATTCharacteristic.__init__,
            ["self", "obj", "handle", "uuid", "properties", "max_write_without_response_size", "service"],
        ),
        (BleakGATTService.__init__, ["self", "obj", "handle", "uuid"]),
        (BleakGATTDescriptor.__init__, ["self", "obj", "handle", "uuid", "characteristic"]),
    ],
    ids=lambda value: value.__qualname__ if callable(value) else "",
)
def test_a_backend_is_called_like_this(function: object, expected: list[str]):
    assert parameters(function) == expected


def test_a_client_hands_its_backend_the_timeout_and_a_callback_without_arguments():
    class Backend(BaseBleakClient):
        def __init__(self, address_or_ble_device, **given):
            super().__init__(address_or_ble_device, **given)
            self.given = given

    Backend.__abstractmethods__ = frozenset()
    gone = []
    client = BleakClient(BLEDevice("A", "n", None), gone.append, timeout=7.0, backend=Backend)
    backend = client._backend
    assert backend.given["timeout"] == 7.0
    backend.given["disconnected_callback"]()
    assert gone == [client]


def test_an_advertisement_tells_name_services_and_signal():
    assert AdvertisementData._fields == (
        "local_name",
        "manufacturer_data",
        "service_data",
        "service_uuids",
        "tx_power",
        "rssi",
        "platform_data",
    )


def test_found_services_can_be_walked_by_handle():
    found = BleakGATTServiceCollection()
    service = BleakGATTService(None, 1, "0000180d-0000-1000-8000-00805f9b34fb")
    found.add_service(service)
    properties = list(gatt_char_props_to_strs(0x12))
    found.add_characteristic(
        BleakGATTCharacteristic(None, 2, "00002a37-0000-1000-8000-00805f9b34fb", properties, lambda: 20, service)
    )
    assert [one.uuid[4:8] for one in found] == ["180d"]
    assert set(found.characteristics[2].properties) == {"read", "notify"}


def test_every_reason_for_having_no_bluetooth_has_its_remedy():
    unsure = {BleakBluetoothNotAvailableReason.UNKNOWN}
    assert set(BleakBluetoothNotAvailableReason) - unsure == set(ble_stack._REMEDIES)


def test_errors_carry_what_they_are_sorted_by():
    reason = BleakBluetoothNotAvailableReason.POWERED_OFF
    assert BleakBluetoothNotAvailableError("off", reason).reason is reason
    assert BleakDBusError("org.bluez.Error.NotReady", ["x"]).dbus_error == "org.bluez.Error.NotReady"
    assert issubclass(BleakBluetoothNotAvailableError, BleakError)
    assert issubclass(BleakDBusError, BleakError)


@pytest.mark.skipif(platform.system() != "Linux", reason="BlueZ is what Linux has")
def test_the_machines_own_backend_imports():
    from bleak.backends.bluezdbus.client import BleakClientBlueZDBus
    from bleak.backends.bluezdbus.scanner import BleakScannerBlueZDBus

    assert issubclass(BleakClientBlueZDBus, BaseBleakClient)
    assert issubclass(BleakScannerBlueZDBus, BaseBleakScanner)
