"""What a file's name says about it (pure)."""

from typing import Final

from tayori.screen.files.kinds import Kind

PROGRAMS: Final = frozenset(
    {
        *("ade", "adp", "apk", "app", "application", "appref-ms", "appx", "asp", "bas", "bat"),
        *("chm", "class", "cmd", "com", "cpl", "crt", "csh", "der", "dex", "diagcab", "dll"),
        *("dmg", "exe", "fxp", "gadget", "hlp", "hta", "inf", "ins", "iso", "isp", "its", "jar"),
        *("jnlp", "js", "jse", "ksh", "lib", "lnk", "mad", "maf", "mag", "mam", "maq", "mar"),
        *("mas", "mat", "mau", "mav", "maw", "mda", "mdb", "mde", "mdt", "mdw", "mdz", "mjs"),
        *("msc", "msh", "msh1", "msh2", "mshxml", "msh1xml", "msh2xml", "msi", "msix", "msp"),
        *("mst", "nsh", "ocx", "pif", "ps1", "ps1xml", "ps2", "psc1", "psm1", "reg", "scf", "scr"),
        *("sct", "settingcontent-ms", "shb", "shs", "sys", "vb", "vbe", "vbs", "vhd"),
        *("vhdx", "vxd", "wsc", "wsf", "wsh", "xll", "xlam", "ppam"),
    }
)
"""Extensions of what runs when it is opened (wire facts 4.8, and what large receivers refuse)."""
_OFFICE: Final = frozenset({Kind.OLE, Kind.ZIP, Kind.RTF, Kind.HTML, Kind.XML})
"""Programs write tables of HTML or XML under these names, and Office opens them."""
_ZIPPED: Final = frozenset({Kind.ZIP, Kind.OLE})
"""Documents with a password are compound files."""
_TEXT: Final = frozenset({Kind.HTML, Kind.XML, Kind.SCRIPT, Kind.POSTSCRIPT, Kind.RTF})
_MAY_BE: Final = {
    **dict.fromkeys(
        ("gif", "jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp"), frozenset({Kind.IMAGE})
    ),
    **dict.fromkeys(("doc", "xls", "ppt", "dot", "xlt", "pot", "pps"), _OFFICE),
    **dict.fromkeys(("docx", "docm", "xlsx", "xlsm", "pptx", "pptm"), _ZIPPED),
    **dict.fromkeys(("odt", "ods", "odp", "epub"), frozenset({Kind.ZIP})),
    **dict.fromkeys(("msg", "pub"), frozenset({Kind.OLE})),
    **dict.fromkeys(("txt", "csv", "ics", "css", "xml", "html", "htm", "shtml", "log"), _TEXT),
    **dict.fromkeys(("mp3", "m4a"), frozenset({Kind.AUDIO, Kind.VIDEO})),
    "pdf": frozenset({Kind.PDF, Kind.POSTSCRIPT}),
    "eps": frozenset({Kind.POSTSCRIPT, Kind.PDF}),
    "rtf": frozenset({Kind.RTF, Kind.OLE, Kind.ZIP}),
    "zip": frozenset({Kind.ZIP}),
    "tar": frozenset({Kind.TAR, Kind.GZIP, Kind.BZIP2, Kind.XZ}),
    "gz": frozenset({Kind.GZIP}),
    "tgz": frozenset({Kind.GZIP}),
}
_TURNING: Final = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
"""Characters that turn the direction of writing: `gnp.exe` is then shown as `exe.png`."""


def extension_of(name: str) -> str:
    """Return the last extension in lower case, "" without one; what Windows cuts off is cut off."""
    last = name.replace("\\", "/").rpartition("/")[2].rstrip(" .\0")
    return last.rpartition(".")[2].lower() if "." in last else ""


def turned(name: str) -> bool:
    """Tell whether a name is shown in another order than it is written."""
    return not _TURNING.isdisjoint(name)


def lies(name: str, kind: Kind) -> bool:
    """Tell whether a name says that the file is something else than it is.

    What is not known is believed, and one kind of image under the name of another hurts nobody.
    """
    honest = _MAY_BE.get(extension_of(name))
    return kind is not Kind.UNKNOWN and honest is not None and kind not in honest
