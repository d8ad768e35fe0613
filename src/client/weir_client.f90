! SPDX-License-Identifier: BSD-3-Clause
!
! A solver in Fortran for `weir run`: attach, next, send, finish.
!
!     use weir_client
!     type(weir_connection) :: weir
!     real(8) :: p(2), u(64)
!     call weir_attach(weir)              ! stops with a message when it fails
!     do while (weir_next(weir, p))       ! until there are no more
!         call initialise(u, p)
!         do t = 1, weir%frames
!             if (t > 1) call advance(u)
!             if (.not. weir_send(weir, u)) exit   ! the run has ended
!         end do
!         call weir_finish(weir)
!     end do
!     call weir_detach(weir)
!
! A frame is (n(1)) or (n(2), n(1)) values of each channel, channel after
! channel: an array u(n(2), n(1), channels) has them in that order. `weir_reserve`
! points an array of float32 at the place the next frame goes to, and
! `weir_commit` hands it over; `weir_send` copies from double precision. The
! contract is that of weir/client.h. Compile this file with your program and link
! libweir_client.
module weir_client
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: error_unit
    implicit none
    private
    public :: weir_connection, weir_attach, weir_detach, weir_next
    public :: weir_simulation, weir_attempt, weir_send, weir_reserve
    public :: weir_commit, weir_finish, weir_fail, weir_message

    type, bind(c) :: shape_of_c
        integer(c_int32_t) :: channels, dims, n(2), frames, parameters, process
    end type

    type :: weir_connection
        integer :: channels, dims, n(2), frames, parameters, process
        type(c_ptr), private :: handle = c_null_ptr
    end type

    interface
        integer(c_int) function c_attach(handle) bind(c, name='weir_client_attach')
            import :: c_int, c_ptr
            type(c_ptr), intent(out) :: handle
        end function
        integer(c_int) function c_attach_dir(dir, handle) &
            bind(c, name='weir_client_attach_dir')
            import :: c_int, c_ptr, c_char
            character(kind=c_char), intent(in) :: dir(*)
            type(c_ptr), intent(out) :: handle
        end function
        subroutine c_detach(handle) bind(c, name='weir_client_detach')
            import :: c_ptr
            type(c_ptr), value :: handle
        end subroutine
        type(c_ptr) function c_expects(handle) bind(c, name='weir_client_expects')
            import :: c_ptr
            type(c_ptr), value :: handle
        end function
        integer(c_int) function c_next(handle, p, n) bind(c, name='weir_client_next')
            import :: c_int, c_ptr, c_double
            type(c_ptr), value :: handle
            real(c_double), intent(out) :: p(*)
            integer(c_int), value :: n
        end function
        integer(c_int64_t) function c_simulation(handle) &
            bind(c, name='weir_client_simulation')
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: handle
        end function
        integer(c_int) function c_attempt(handle) bind(c, name='weir_client_attempt')
            import :: c_int, c_ptr
            type(c_ptr), value :: handle
        end function
        type(c_ptr) function c_reserve(handle) bind(c, name='weir_client_reserve')
            import :: c_ptr
            type(c_ptr), value :: handle
        end function
        integer(c_int) function c_commit(handle) bind(c, name='weir_client_commit')
            import :: c_int, c_ptr
            type(c_ptr), value :: handle
        end function
        integer(c_int) function c_send_double(handle, u, n) &
            bind(c, name='weir_client_send_double')
            import :: c_int, c_ptr, c_double, c_size_t
            type(c_ptr), value :: handle
            real(c_double), intent(in) :: u(*)
            integer(c_size_t), value :: n
        end function
        integer(c_int) function c_finish(handle) bind(c, name='weir_client_finish')
            import :: c_int, c_ptr
            type(c_ptr), value :: handle
        end function
        integer(c_int) function c_fail(handle, reason) bind(c, name='weir_client_fail')
            import :: c_int, c_ptr, c_char
            type(c_ptr), value :: handle
            character(kind=c_char), intent(in) :: reason(*)
        end function
        type(c_ptr) function c_message() bind(c, name='weir_client_message')
            import :: c_ptr
        end function
    end interface

    ! Copy a frame, rounded to float32; false when the run has ended, or when the
    ! number of values is not that of a frame.
    interface weir_send
        module procedure send_1, send_2, send_3
    end interface

contains

    ! What the last call that failed had to say.
    function weir_message() result(text)
        character(:), allocatable :: text
        character(kind=c_char), pointer :: c(:)
        integer :: i
        call c_f_pointer(c_message(), c, [384])
        text = ''
        do i = 1, size(c)
            if (c(i) == c_null_char) exit
            text = text // c(i)
        end do
    end function

    ! Attach to the run that started this process, or to the one in directory
    ! `run`. With `status` a failure is returned there, a negative errno; without
    ! it the program ends with a message.
    subroutine weir_attach(weir, run, status)
        type(weir_connection), intent(out) :: weir
        character(*), intent(in), optional :: run
        integer, intent(out), optional :: status
        type(shape_of_c), pointer :: s
        integer :: rc
        if (present(run)) then
            rc = c_attach_dir(trim(run) // c_null_char, weir%handle)
        else
            rc = c_attach(weir%handle)
        end if
        if (present(status)) status = rc
        if (rc /= 0 .and. .not. present(status)) then
            write (error_unit, '(a)') weir_message()
            stop 1
        end if
        if (rc /= 0) return
        call c_f_pointer(c_expects(weir%handle), s)
        weir%channels = s%channels
        weir%dims = s%dims
        weir%n = s%n
        weir%frames = s%frames
        weir%parameters = s%parameters
        weir%process = s%process
    end subroutine

    subroutine weir_detach(weir)
        type(weir_connection), intent(inout) :: weir
        call c_detach(weir%handle)
        weir%handle = c_null_ptr
    end subroutine

    ! Wait for the next simulation; false when there will be no more.
    logical function weir_next(weir, p)
        type(weir_connection), intent(in) :: weir
        real(c_double), intent(out), contiguous :: p(:)
        integer :: rc
        rc = c_next(weir%handle, p, size(p))
        if (rc < 0) write (error_unit, '(a)') weir_message()
        weir_next = rc == 1
    end function

    integer(c_int64_t) function weir_simulation(weir)
        type(weir_connection), intent(in) :: weir
        weir_simulation = c_simulation(weir%handle)
    end function

    ! From 1; 0: a trajectory that is held out to validate or test.
    integer function weir_attempt(weir)
        type(weir_connection), intent(in) :: weir
        weir_attempt = c_attempt(weir%handle)
    end function

    logical function send(weir, u, n)
        type(weir_connection), intent(in) :: weir
        real(c_double), intent(in) :: u(*)
        integer, intent(in) :: n
        integer :: rc
        rc = c_send_double(weir%handle, u, int(n, c_size_t))
        if (rc /= 0) write (error_unit, '(a)') weir_message()
        send = rc == 0
    end function

    logical function send_1(weir, u)
        type(weir_connection), intent(in) :: weir
        real(c_double), intent(in), contiguous :: u(:)
        send_1 = send(weir, u, size(u))
    end function

    logical function send_2(weir, u)
        type(weir_connection), intent(in) :: weir
        real(c_double), intent(in), contiguous :: u(:, :)
        send_2 = send(weir, u, size(u))
    end function

    logical function send_3(weir, u)
        type(weir_connection), intent(in) :: weir
        real(c_double), intent(in), contiguous :: u(:, :, :)
        send_3 = send(weir, u, size(u))
    end function

    ! Where the next frame goes, or null() when the run has ended.
    function weir_reserve(weir) result(frame)
        type(weir_connection), intent(in) :: weir
        real(c_float), pointer :: frame(:)
        type(c_ptr) :: at
        at = c_reserve(weir%handle)
        nullify (frame)
        if (c_associated(at)) &
            call c_f_pointer(at, frame, [weir%channels*weir%n(1)*weir%n(2)])
    end function

    subroutine weir_commit(weir)
        type(weir_connection), intent(in) :: weir
        integer :: rc
        rc = c_commit(weir%handle)
        if (rc /= 0) write (error_unit, '(a)') weir_message()
    end subroutine

    subroutine weir_finish(weir)
        type(weir_connection), intent(in) :: weir
        integer :: rc
        rc = c_finish(weir%handle)
        if (rc /= 0) write (error_unit, '(a)') weir_message()
    end subroutine

    subroutine weir_fail(weir, reason)
        type(weir_connection), intent(in) :: weir
        character(*), intent(in) :: reason
        integer :: rc
        rc = c_fail(weir%handle, trim(reason) // c_null_char)
        if (rc /= 0) write (error_unit, '(a)') weir_message()
    end subroutine
end module weir_client
