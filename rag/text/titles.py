"""What a title says of the document itself."""

import re

VERSION = re.compile(
    r"\s*[(\[〔【]?\s*(\d{4})\s*年?(?:\d{1,2}月)?(?:\d{1,2}日)?\s*(?:第[一二三四五六]次)?(?:修[订正改]版?|修订本|版|revised|edition|version)\s*[)\]〕】]?$",
    re.IGNORECASE,
)
"""The year of revision at the end of a folded title: `办法(2021年修订)`."""
