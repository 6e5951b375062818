"""What is before the box: pictures that are shown or turn by themselves, and the light that they are seen in."""

import asyncio
from collections.abc import Awaitable, Callable

from harness.bench.plugin import SimulatorContext
from simulators.scanner.box import ScannerBox
from simulators.scanner.optics import Optics, View, parse_formats, parse_light_path
from simulators.scanner.settings import ScannerSettings
from simulators.scanner.simulator_gallery import Gallery, Picture, opened

LARGE = 1_000_000
"""Pictures of more pixels are decoded in a thread, so that the other devices of the bench are not held up; so is
whatever passes through a light path."""


class Scene:
    """What a box has in view; `drained` waits until everything that follows from it has left the box."""

    def __init__(
        self,
        context: SimulatorContext,
        settings: ScannerSettings,
        box: ScannerBox,
        *,
        drained: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._settings = settings
        self._box = box
        self._drained = drained
        self._optics = _optics(settings, context.seed)
        self._gallery = Gallery(self._optics, settings.show)
        self.light = settings.light_path
        self.powered = True
        """Whether the box looks at all."""
        self._screens: tuple[Picture | None, Picture | None] = (None, None)
        """What was in view before, and what is now."""
        self._turning: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()

    def begin(self) -> None:
        """The first picture is in view from the start, and others follow by themselves if they are timed."""
        timed = self._settings.show_s > 0
        first = self._gallery.begin(timed=timed)
        if first is not None:
            self._screens = (None, first)
            self._box.place(self._optics.look(first.image))
            self._box.restart()
        if timed and len(self._gallery) > 1:
            self._turning = asyncio.get_running_loop().create_task(self._turn(), name="scanner gallery")

    async def show(self, picture: bytes) -> tuple[View, str]:
        """Put a picture into view; returns what is to be read in it, and why it was not read (empty if it was).

        Returns once everything that follows from it has left the box. Raises BadPicture.
        """
        async with self._looking:
            return await self._show(opened(self._optics, picture))

    async def blank(self) -> None:
        """Nothing is in view any more."""
        async with self._looking:
            self._screens = (None, None)
            self._show_view(None)

    async def set_light(self, path: str) -> None:
        """Change the light path; what is in view is seen so from the next look on. Raises ConfigError."""
        parsed = parse_light_path(path)
        async with self._looking:
            self._optics.path = parsed
            self.light = path
            before, now = self._screens
            if now is not None:
                self._box.place(await self._see(now, before))

    def turn_for_trigger(self) -> None:
        """A trigger brings the next picture of several, unless they turn by themselves."""
        if len(self._gallery) > 1 and not self._settings.show_s:
            picture = self._gallery.turn()
            _, now = self._screens
            if picture is not now:
                self._screens = (now, picture)
                self._tell_seen(picture)
                self._box.place(self._optics.look(picture.image, before=None if now is None else now.image))

    def reset(self, *, seed: int) -> None:
        """Nothing in view, and the light of the settings."""
        self.light = self._settings.light_path
        self._optics = _optics(self._settings, seed)
        self.powered = True
        self._screens = (None, None)

    async def stop(self) -> None:
        """Pictures do not turn by themselves any more."""
        turning, self._turning = self._turning, None
        if turning is not None:
            turning.cancel()
            await asyncio.gather(turning, return_exceptions=True)

    async def _turn(self) -> None:
        while True:
            await self._context.clock.sleep(self._settings.show_s)
            async with self._looking:
                await self._show(self._gallery.turn())

    async def _show(self, picture: Picture) -> tuple[View, str]:
        _, now = self._screens
        view = await self._see(picture, now)
        self._screens = (now, picture)
        self._tell_seen(picture)
        why = self._show_view(view)
        await self._drained()
        return view, why

    async def _see(self, picture: Picture, before: Picture | None) -> View:
        image, old = picture.image, None if before is None else before.image
        if image.width * image.height > LARGE or not self._optics.path.clear:
            return await asyncio.to_thread(self._optics.look, image, before=old)
        return self._optics.look(image, before=old)

    def _show_view(self, view: View | None) -> str:
        if not self.powered:
            self._box.place(view)
            return "the box has no power"
        return self._box.show(view)

    def _tell_seen(self, picture: Picture) -> None:
        self._context.tape.event(self._context.name, "image-seen", image_sm3=picture.digest)


def _optics(settings: ScannerSettings, seed: int) -> Optics:
    return Optics(
        formats=parse_formats(settings.formats),
        rotate=settings.rotate,
        downscale=settings.downscale,
        invert=settings.invert,
        name=settings.engine,
        several=settings.several,
        twice=settings.twice,
        path=parse_light_path(settings.light_path),
        seed=seed,
    )
