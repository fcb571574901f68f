"""Distances on the ground: a flat plane in kilometres for neighbours, great circles for everything else."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def local_km(lat: ArrayLike, lon: ArrayLike, origin: tuple[float, float]) -> NDArray[np.float64]:
    """Lay points out on a plane of equal scale: the equirectangular projection about one latitude.

    Over a regency (100 km) near the equator its distances agree with the great circle to better than 0.1 %.

    Args:
        lat: (n,) degrees north.
        lon: (n,) degrees east.
        origin: (lat, lon) that becomes (0, 0); its latitude sets the scale from west to east.

    Returns:
        (n, 2) kilometres east and north of the origin.

    Example:
        >>> local_km([-7.0, -8.0], [110.0, 110.0], (-7.0, 110.0)).round(1).tolist()
        [[0.0, 0.0], [0.0, -111.2]]
    """
    east = np.radians(np.asarray(lon, dtype=np.float64) - origin[1]) * np.cos(np.radians(origin[0]))
    north = np.radians(np.asarray(lat, dtype=np.float64) - origin[0])
    return EARTH_RADIUS_KM * np.column_stack((east, north))


def plane_to_degrees(xy: ArrayLike, origin: tuple[float, float]) -> NDArray[np.float64]:
    """Undo :func:`local_km`: (n, 2) kilometres east and north become (n, 2) degrees, longitude first as in GeoJSON.

    Example:
        >>> plane_to_degrees(local_km([-7.2], [110.4], (-7.0, 110.0)), (-7.0, 110.0)).round(6).tolist()
        [[110.4, -7.2]]
    """
    degrees = np.degrees(np.asarray(xy, dtype=np.float64) / EARTH_RADIUS_KM)
    degrees[:, 0] /= np.cos(np.radians(origin[0]))
    degrees += np.array((origin[1], origin[0]))
    return degrees


def great_circle_km(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance in kilometres by the haversine formula, which stays exact for points close together.

    Args:
        lat1: degrees north; the four arguments broadcast against each other.
        lon1: degrees east.
        lat2: degrees north.
        lon2: degrees east.

    Returns:
        Kilometres, in the broadcast shape.

    Example:
        >>> great_circle_km(0.0, 0.0, 0.0, [1.0, 180.0]).round(1).tolist()
        [111.2, 20015.1]
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_lat = np.sin((phi2 - phi1) / 2)
    half_lon = np.sin((np.radians(lon2) - np.radians(lon1)) / 2)
    chord = half_lat**2 + np.cos(phi1) * np.cos(phi2) * half_lon**2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))), dtype=np.float64)
