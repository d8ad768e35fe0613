! SPDX-License-Identifier: BSD-3-Clause
!
! A solver of one's own in Fortran: Burgers' equation u_t + (u^2/2)_x = d u_xx on
! a periodic line, by the two-step Lax-Wendroff scheme (Richtmyer).
!
!     d=$(pkg-config --variable=includedir weir_client)
!     gfortran -O2 $d/weir/weir_client.f90 burgers.f90 $(pkg-config --libs weir_client) -o burgers
!     weir run burgers.yaml
program burgers
    use weir_client
    implicit none
    integer, parameter :: points = 64, substeps = 10
    real(8), parameter :: frame_dt = 0.02d0, pi = acos(-1.0d0)
    type(weir_connection) :: weir
    real(8) :: u(points), p(3)   ! amplitude, phase, mean: as in burgers.yaml
    integer :: t

    call weir_attach(weir)
    do while (weir_next(weir, p))
        call initialise(u, p(1), p(2), p(3))
        do t = 1, weir%frames
            if (t > 1) call advance(u, 1.0d-2)
            if (.not. weir_send(weir, u)) exit
        end do
        call weir_finish(weir)
    end do
    call weir_detach(weir)

contains

    subroutine initialise(u, amplitude, phase, mean)
        real(8), intent(out) :: u(:)
        real(8), intent(in) :: amplitude, phase, mean
        integer :: i
        do i = 1, points
            u(i) = amplitude*sin(2*pi*(i - 1)/points + phase) + mean
        end do
    end subroutine

    ! One frame later.
    subroutine advance(u, viscosity)
        real(8), intent(inout) :: u(:)
        real(8), intent(in) :: viscosity
        real(8) :: h, dt, right(points), left(points), half(points), flux(points)
        integer :: step
        h = 1.0d0/points
        dt = frame_dt/substeps
        do step = 1, substeps
            right = cshift(u, 1)
            left = cshift(u, -1)
            half = 0.5d0*(u + right) - 0.5d0*dt/h*(0.5d0*right**2 - 0.5d0*u**2)
            flux = 0.5d0*half**2
            u = u - dt/h*(flux - cshift(flux, -1)) &
                + dt*viscosity/h**2*(left - 2*u + right)
        end do
    end subroutine
end program
