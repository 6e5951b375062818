"""A machine whose /sys and /dev are folders of a test: devices can be plugged in and pulled out."""

from pathlib import Path

from harness.devices.discovery import Machine


class FakeMachine:
    """Folders that look like a Linux machine's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "dev" / "input").mkdir(parents=True)
        for name in ("tty", "hidraw", "input"):
            (root / "sys" / "class" / name).mkdir(parents=True)
        self.machine = Machine(root)

    def plug(
        self,
        kind: str,
        name: str,
        *,
        usb: tuple[str, str] | None = ("1eab", "1d06"),
        serial_number: str = "",
        leads_to: str = "/dev/null",
        keys: str = "",
        product: str = "FM430",
    ) -> str:
        """Plug in a device of a class; returns its path."""
        device = self.root / "sys" / "devices" / f"usb-{kind}-{name}"
        interface = device / "1-1:1.0" / name
        interface.mkdir(parents=True)
        if usb is not None:
            (device / "idVendor").write_text(usb[0] + "\n")
            (device / "idProduct").write_text(usb[1] + "\n")
            (device / "product").write_text(product + "\n")
            (device / "manufacturer").write_text("Maker\n")
            if serial_number:
                (device / "serial").write_text(serial_number + "\n")
        if keys:
            (interface / "capabilities").mkdir()
            (interface / "capabilities" / "key").write_text(keys + "\n")
        entry = self.root / "sys" / "class" / kind / name
        entry.mkdir()
        (entry / "device").symlink_to(interface)
        path = self.root / "dev" / ("input" if kind == "input" else "") / name
        path.symlink_to(leads_to)
        return str(path)

    def pull(self, kind: str, name: str) -> None:
        """Pull it out."""
        entry = self.root / "sys" / "class" / kind / name
        (entry / "device").unlink()
        entry.rmdir()
        device = self.root / "sys" / "devices" / f"usb-{kind}-{name}"
        device.rename(device.with_name(f"gone-{len(list(device.parent.iterdir()))}-{name}"))
        (self.root / "dev" / ("input" if kind == "input" else "") / name).unlink()
