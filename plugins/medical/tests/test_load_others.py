"""NIfTI and NRRD: the same places in the patient as other readers find."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK
from graphgen import NodeError

from graphgen_medical import geometry
from graphgen_medical.load import read_scan
from graphgen_medical.nifti import write_nifti

from . import scans


def test_nifti_turns_from_ras_to_lps(tmp_path):
    hu = scans.phantom()
    # Stored right-to-left, back-to-front, upwards: RAS.
    affine = np.array([[0.8, 0, 0, -30], [0, 0.7, 0, -20], [0, 0, 2.5, 40], [0, 0, 0, 1.0]])
    nibabel.save(
        nibabel.Nifti1Image(hu.transpose(2, 1, 0).astype(np.int16), affine), tmp_path / "a.nii.gz"
    )
    volume = read_scan(tmp_path / "a.nii.gz")
    assert geometry.orientation(volume.affine) == "LPS"
    assert volume.spacing == pytest.approx((0.8, 0.7, 2.5))
    assert np.array_equal(volume.data.numpy(), hu[:, ::-1, ::-1])
    # The voxel (2, 3, 4) of the file lies at RAS (-28.4, -17.9, 50).
    place = geometry.apply(volume.affine, (24 - 1 - 2, 20 - 1 - 3, 4))
    assert place == pytest.approx((28.4, 17.9, 50))


def test_nifti_as_simpleitk_sees_it(tmp_path):
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn * [0.6, 0.9, 3.0], [5, -7, 11]
    values = rng.normal(size=(5, 6, 7)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "a.nii")
    volume = read_scan(tmp_path / "a.nii")
    other = SimpleITK.ReadImage(str(tmp_path / "a.nii"))
    for k, j, i in [(0, 0, 0), (2, 3, 1), (volume.data.shape[0] - 1, 1, 2)]:
        place = geometry.apply(volume.affine, (i, j, k))
        index = other.TransformPhysicalPointToIndex(place)
        assert other.GetPixel(index) == pytest.approx(float(volume.data[k, j, i]))


def test_nifti_written_and_read(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    volume = read_scan(folder)
    write_nifti(volume, tmp_path / "ct.nii.gz")
    again = read_scan(tmp_path / "ct.nii.gz")
    assert np.array_equal(again.data, volume.data)
    assert geometry.same_grid(again.affine, volume.affine, 1e-4)
    other = SimpleITK.ReadImage(str(tmp_path / "ct.nii.gz"))
    assert other.GetOrigin() == pytest.approx(geometry.origin(volume.affine), abs=1e-4)


def test_millimetres_whatever_the_file_counts_in(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), np.diag([500.0, 500, 2000, 1]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, tmp_path / "a.nii")
    assert read_scan(tmp_path / "a.nii").spacing == pytest.approx((0.5, 0.5, 2.0))


@pytest.mark.parametrize("shape", [(3, 4, 5, 2), (3, 4)])
def test_nifti_that_is_no_volume(tmp_path, shape):
    nibabel.save(nibabel.Nifti1Image(np.zeros(shape, np.float32), np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(NodeError, match="dimensions"):
        read_scan(tmp_path / "a.nii")


def test_nifti_with_holes(tmp_path):
    values = np.full((3, 3, 3), np.nan, np.float32)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(NodeError, match="NaN"):
        read_scan(tmp_path / "a.nii")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_a_file_that_only_says_so(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the sort" * 40)
    with pytest.raises(NodeError, match="no sound"):
        read_scan(tmp_path / name)


def test_nrrd_with_its_directions(tmp_path):
    hu = scans.phantom().astype(np.int16)
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.8, 0.7, 2.5))
    image.SetOrigin((-10, -20, 100))
    image.SetDirection((-1, 0, 0, 0, 1, 0, 0, 0, -1))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nrrd"), useCompression=True)
    volume = read_scan(tmp_path / "a.nrrd")
    assert np.array_equal(volume.data.numpy(), hu[::-1, :, ::-1])
    assert geometry.orientation(volume.affine) == "LPS"
    expected = image.TransformIndexToPhysicalPoint((23 - 4, 5, 6 - 1 - 2))
    assert geometry.apply(volume.affine, (4, 5, 2)) == pytest.approx(expected)


@pytest.mark.skipif(not (scans.DATA / "lung").is_dir(), reason="real CT is absent: make data")
def test_real_lungs():
    volume = read_scan(scans.DATA / "lung" / "lung1_image.nrrd")
    assert volume.size == (512, 512, 48)
    assert geometry.orientation(volume.affine) == "LPS"
    assert -1100 < float(volume.data.min()) <= -1000
