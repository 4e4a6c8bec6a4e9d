"""Would it come back, if it rebooted now? What is broken already, and hidden by what still runs."""

from bootheal.preflight.forecast import Seen, forecast
from bootheal.preflight.foreseen import Forecast, Foreseen, Sure

__all__ = ["Forecast", "Foreseen", "Seen", "Sure", "forecast"]
