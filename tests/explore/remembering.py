"""A program that keeps facts in its own memory: how often its button was pressed."""

from meter_emu.ports import Button, Ports, Sleep


class Remembering:
    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.presses = 0

    def poll(self) -> Sleep | None:
        if self.ports.buttons() & Button.RED:
            self.presses += 1
        self.ports.display(f"PRESSED {self.presses}")
        return Sleep(until_second=86_400)


def program(ports: Ports) -> Remembering:
    return Remembering(ports)
