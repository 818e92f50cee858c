"""The window's own line drawings, on a grid of 20 by 20."""

from __future__ import annotations

_ICONS = {
    "talks": '<path d="M3 5h14M3 10h14M3 15h9"/>',
    "narrow": '<path d="M3.5 5h13l-5 6v4.5l-3-1.5v-3z"/>',
    "new": '<path d="M10 4v12M4 10h12"/>',
    "documents": '<path d="M6 2.5h6l3 3v12H6z"/><path d="M8.5 9.5h4M8.5 12.5h4"/>',
    "embed": '<path d="M7 6l-4 4 4 4M13 6l4 4-4 4M11.5 4.5l-3 11"/>',
    "person": '<circle cx="10" cy="7" r="3.2"/><path d="M3.8 16.5c.8-3 3.2-4.5 6.2-4.5s5.4 1.5 6.2 4.5"/>',
    "leave": '<path d="M12 3.5H4.5v13H12M8.5 10h8M13.5 7l3 3-3 3"/>',
    "theme": '<circle cx="10" cy="10" r="6.5"/><path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>',
    "edit": '<path d="M4 16l.7-3.3L13.4 4l2.6 2.6-8.7 8.7z"/><path d="M11.6 5.8l2.6 2.6"/>',
    "retry": '<path d="M15.5 7.2A6.2 6.2 0 1 0 16.2 11"/><path d="M16 3.6v4h-4"/>',
}


def icon(name: str, size: int) -> str:
    """An `svg` element of `size` CSS pixels in the colour of the text; a screen reader passes it over."""
    return (
        f'<svg viewBox="0 0 20 20" width="{size}" height="{size}" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" aria-hidden="true">{_ICONS[name]}</svg>'
    )
